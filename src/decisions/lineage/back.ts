import { formatTime } from '../../core/time.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { TrainingRun } from '../../ports/lineage.ts'
import { type Origins, originsOf, type TracedVersion } from '../../registry/lineage/links.ts'
import type { RunReading } from '../../registry/lineage/training-run.ts'
import type { LineageGraph } from './graph.ts'
import type { LedgerRef } from './ledger.ts'
import type { PredictionLineage } from './lineage-of-prediction.ts'
import type { ServingThen } from './moment.ts'

const shownTags = 50

/** A version with what it was registered with, and what is known of its run. Answers the version's node. */
export function addVersion(
	graph: LineageGraph,
	row: TracedVersion,
	registered: LedgerRef | undefined | null,
	reading?: RunReading | null,
): string {
	const at = formatTime(row.createdAt)
	const { artifact, run, dataset, commit, image } = originsOf(row)
	const id = graph.node('version', `${row.model}@${row.version}`, {
		model: row.model,
		version: row.version,
		registeredAt: at,
		registeredBy: registered?.who ?? null,
		entry: registered?.entry ?? null,
		metrics: row.metrics,
	})
	if (artifact) {
		const { sha256, format, uri } = artifact
		graph.edge(graph.node('artifact', sha256, { sha256, format, uri: uri ?? null }), id, 'loaded', at)
	}
	const source = { source: 'version' }
	const runId = run === null ? undefined : graph.node('run', run, source)
	if (runId !== undefined) graph.edge(runId, id, 'produced', at)
	if (dataset !== null) graph.edge(graph.node('dataset', dataset, source), runId ?? id, 'trained', at)
	if (commit !== null) graph.edge(graph.node('commit', commit, source), runId ?? id, 'code', at)
	if (image !== null) graph.edge(graph.node('image', image, source), id, 'image', at)
	if (reading) addRun(graph, id, reading, originsOf(row))
	return id
}

/** What the tracking server says of a run. It adds to what was registered, and never replaces it. */
function addRun(graph: LineageGraph, version: string, reading: RunReading, origins: Origins): void {
	const { status, reference, run, readAt, reason } = reading
	const told = { reading: { source: 'mlflow', status, readAt, reason }, ...(run ? describe(run) : {}) }
	const id = graph.node('run', origins.run ?? reference, told)
	graph.edge(id, version, 'produced', run?.endedAt ?? null, 'mlflow')
	if (!run) return
	const said = { source: 'mlflow', readAt }
	for (const { name, digest, sourceType, source: location, context, rows } of run.datasets) {
		const known = { ...said, name, digest, sourceType, location, context, rows }
		const dataset = graph.node('dataset', [name, digest].filter(Boolean).join('@'), known)
		graph.edge(dataset, id, 'trained', run.startedAt, 'mlflow')
	}
	if (run.commit !== null && !isSameCommit(run.commit, origins.commit)) {
		const differs = origins.commit === null ? {} : { differsFrom: origins.commit }
		const code = graph.node('commit', run.commit, { ...said, ...differs })
		graph.edge(code, id, 'code', run.startedAt, 'mlflow')
	}
	for (const { name, version: number, aliases, source: location } of run.models) {
		const registered = graph.node('registered-model', `models:/${name}/${number}`, {
			...said,
			aliases,
			location,
		})
		graph.edge(id, registered, 'registered', null, 'mlflow')
	}
}

function describe(run: TrainingRun): Record<string, unknown> {
	const { id, name, status, user, startedAt, endedAt, params, metrics } = run
	const tags = Object.fromEntries(Object.entries(run.tags).slice(0, shownTags))
	return { runId: id, runName: name, status, user, startedAt, endedAt, params, metrics, tags }
}

/** Commits are often shortened. */
export function isSameCommit(a: string, b: string | null): boolean {
	if (b === null) return false
	const [x, y] = [a.toLowerCase(), b.toLowerCase()]
	return x.startsWith(y) || y.startsWith(x)
}

/** One revision of what serves somewhere; with its requests, where they are known. */
export function addDeployment(
	graph: LineageGraph,
	model: string,
	version: string,
	serving: Omit<ServingThen, 'requests'> & { requests?: ServingThen['requests'] },
): string {
	const { environment, revision, requests = [], setBy, as: role, ...rest } = serving
	const id = graph.node('deployment', `${model}/${environment}/${revision}`, {
		model,
		environment,
		revision,
		...rest,
		setBy: setBy?.who ?? null,
		entry: setBy?.entry ?? null,
	})
	if (role) graph.edge(version, id, role, serving.since)
	for (const { id: name, at, ...request } of requests)
		graph.edge(graph.node('request', name, { ...request, at }), id, 'requested', at)
	return id
}

/** A decision and all that was in force at its moment. Answers the prediction's node. */
export function addPrediction(
	graph: LineageGraph,
	prediction: StoredPrediction,
	row: TracedVersion,
	lineage: PredictionLineage,
	reading: RunReading | null | undefined,
): string {
	const { model, predictionId, version, environment, score, label } = prediction
	const at = formatTime(prediction.timestamp)
	const id = graph.node('prediction', `${model}/${predictionId}`, {
		model,
		predictionId,
		version,
		environment,
		timestamp: at,
		...(score === undefined ? {} : { score }),
		...(label === undefined ? {} : { label }),
	})
	const versionId = addVersion(graph, row, lineage.registered, reading ?? lineage.trainingRun)
	const { deployment, baseline, rules, reasonTable, settings } = lineage
	const place = deployment && addDeployment(graph, model, versionId, deployment)
	const served = deployment?.as ? place : versionId
	graph.edge(served ?? versionId, id, 'decided', at)
	const inForce = (node: string, since: string) => graph.edge(node, id, 'in-force', since)
	// Rows of a version that was not deployed there: what did serve is part of the answer.
	if (place && deployment && !deployment.as) inForce(place, deployment.since)
	if (baseline)
		inForce(graph.node('baseline', `${model}@${version}/${baseline.digest}`, baseline), baseline.since)
	if (rules) inForce(graph.node('rules', rules.digest, rules), rules.since)
	if (reasonTable)
		inForce(graph.node('reasons', `${model}/${reasonTable.revision}`, reasonTable), reasonTable.approvedAt)
	inForce(graph.node('settings', `${model}/${settings.revision}`, settings), settings.since)
	return id
}
