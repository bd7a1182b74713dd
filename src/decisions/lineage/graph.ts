import type { Context } from '../../context.ts'
import { getOrInsert } from '../../core/maps.ts'
import { formatTime } from '../../core/time.ts'
import type { PredictionCount, StoredPrediction } from '../../log/prediction-log.ts'
import type { TrainingRun } from '../../ports/lineage.ts'
import { type Origins, originsOf, type TracedVersion } from '../../registry/lineage/links.ts'
import type { RunReading } from '../../registry/lineage/training-run.ts'
import type { VersionRow } from '../../registry/version/find-version.ts'
import { deployedBy, type LedgerRef } from './ledger-refs.ts'
import { type PredictionLineage, roleIn, type ServingThen } from './lineage-of-prediction.ts'

/** The kinds of nodes. Edges go from data to decisions. */
export const nodeKinds = [
	'prediction',
	'version',
	'artifact',
	'run',
	'dataset',
	'commit',
	'image',
	'registered-model',
	'baseline',
	'deployment',
	'request',
	'decisions',
	'rules',
	'settings',
	'reasons',
] as const
type NodeKind = (typeof nodeKinds)[number]

/** `id` is `<kind>:<name>`, which `from` accepts for the kinds that it knows. */
export type GraphNode = { id: string; kind: NodeKind; name: string; attributes: Record<string, unknown> }
/** `source`: where the edge comes from, if not from the registration. */
export type GraphEdge = { from: string; to: string; kind: string; at: string | null; source?: 'mlflow' }

export class LineageGraph {
	private readonly nodes = new Map<string, GraphNode>()
	private readonly edges = new Map<string, GraphEdge>()

	/** Returns the id of the node. Existing attributes stay; new ones are added. */
	node(kind: NodeKind, name: string, attributes: Record<string, unknown> = {}): string {
		const id = `${kind}:${name}`
		const known = this.nodes.get(id)
		this.nodes.set(id, { id, kind, name, attributes: { ...attributes, ...known?.attributes } })
		return id
	}

	edge(from: string, to: string, kind: string, at: string | null = null, source?: 'mlflow'): void {
		const edge = { from, to, kind, at, ...(source ? { source } : {}) }
		this.edges.set(JSON.stringify([from, to, kind]), edge)
	}

	/** The nodes at most `depth` edges from a node, in both directions, and the edges between them. */
	within(from: string, depth: number): { nodes: GraphNode[]; edges: GraphEdge[] } {
		const neighbours = new Map<string, string[]>()
		const join = (a: string, b: string) => void getOrInsert(neighbours, a, () => []).push(b)
		const edges = [...this.edges.values()]
		for (const edge of edges) {
			join(edge.from, edge.to)
			join(edge.to, edge.from)
		}
		const reached = new Set([from])
		let border = [from]
		for (let step = 0; step < depth && border.length > 0; step++) {
			border = border.flatMap((id) => neighbours.get(id) ?? []).filter((id) => !reached.has(id))
			for (const id of border) reached.add(id)
		}
		return {
			nodes: [...this.nodes.values()].filter((n) => reached.has(n.id)),
			edges: edges.filter((e) => reached.has(e.from) && reached.has(e.to)),
		}
	}
}

const shownTags = 50

/** Adds a version with its registered origins and what is known of its run. Returns the id of its node. */
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

/** Adds what the tracking server returned for a run. It never replaces what was registered. */
function addRun(graph: LineageGraph, version: string, reading: RunReading, origins: Origins): void {
	const { status, reference, run, readAt, reason } = reading
	const attributes = { reading: { source: 'mlflow', status, readAt, reason }, ...(run ? describe(run) : {}) }
	const id = graph.node('run', origins.run ?? reference, attributes)
	graph.edge(id, version, 'produced', run?.endedAt ?? null, 'mlflow')
	if (!run) return
	const fromMlflow = { source: 'mlflow', readAt }
	for (const { name, digest, sourceType, source: location, context, rows } of run.datasets) {
		const known = { ...fromMlflow, name, digest, sourceType, location, context, rows }
		const dataset = graph.node('dataset', [name, digest].filter(Boolean).join('@'), known)
		graph.edge(dataset, id, 'trained', run.startedAt, 'mlflow')
	}
	if (run.commit !== null && !isSameCommit(run.commit, origins.commit)) {
		const differs = origins.commit === null ? {} : { differsFrom: origins.commit }
		const code = graph.node('commit', run.commit, { ...fromMlflow, ...differs })
		graph.edge(code, id, 'code', run.startedAt, 'mlflow')
	}
	for (const { name, version: number, aliases, source: location } of run.models) {
		const registered = graph.node('registered-model', `models:/${name}/${number}`, {
			...fromMlflow,
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

/** Whether two commits are the same; either may be abbreviated. */
export function isSameCommit(a: string, b: string | null): boolean {
	if (b === null) return false
	const [x, y] = [a.toLowerCase(), b.toLowerCase()]
	return x.startsWith(y) || y.startsWith(x)
}

/** Adds one revision of a deployment, with its requests where they are known. */
function addDeployment(
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

/** Adds a decision and everything in force at the time. Returns the id of the prediction's node. */
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
	const deployed = deployment && addDeployment(graph, model, versionId, deployment)
	const served = deployment?.as ? deployed : versionId
	graph.edge(served ?? versionId, id, 'decided', at)
	const inForce = (node: string, since: string) => graph.edge(node, id, 'in-force', since)
	// For a version that was not deployed there, show the deployment that was in force.
	if (deployed && deployment && !deployment.as) inForce(deployed, deployment.since)
	if (baseline)
		inForce(graph.node('baseline', `${model}@${version}/${baseline.digest}`, baseline), baseline.since)
	if (rules) inForce(graph.node('rules', rules.digest, rules), rules.since)
	if (reasonTable)
		inForce(graph.node('reasons', `${model}/${reasonTable.revision}`, reasonTable), reasonTable.approvedAt)
	inForce(graph.node('settings', `${model}/${settings.revision}`, settings), settings.since)
	return id
}

type Named = Pick<VersionRow, 'model' | 'version'>
export type Service = Omit<ServingThen, 'requests'> & Named & { total: number }

/** The latest revisions of each version; `total` counts all. */
const shownRevisions = 20

type Row = {
	version: string
	model: string
	environment: string
	revision: number
	champion: string
	challenger: string | null
	canary: string | null
	since: number
	until: number | null
	total: number
}

/** The deployments of these versions, the latest first. */
export async function servedIn(context: Context, versions: readonly Named[]): Promise<Service[]> {
	const rows = await context.sql.all<Row>({
		sql: `SELECT version, model, environment, revision, champion, challenger, canary, since, until, total FROM (
				SELECT v.value ->> 1 AS version, d.model, d.environment, d.revision, d.champion, d.challenger, d.canary,
					d.since, (SELECT n.since FROM deployment n WHERE n.model = d.model AND n.environment = d.environment
						AND n.revision = d.revision + 1) AS until, count(*) OVER w AS total,
					row_number() OVER (PARTITION BY v.value ORDER BY d.since DESC, d.revision DESC) AS place
				FROM json_each(?) v JOIN deployment d ON d.model = v.value ->> 0
					AND v.value ->> 1 IN (d.champion, d.challenger, json_extract(d.canary, '$.version'))
				WINDOW w AS (PARTITION BY v.value)
			) WHERE place <= ? ORDER BY model, version, since DESC, revision DESC`,
		params: [JSON.stringify(versions.map((v) => [v.model, v.version])), shownRevisions],
	})
	const ledgerRefs = await deployedBy(context, rows)
	return rows.map(({ version, canary, since, until, total, ...deployment }) => {
		const { model, environment, revision } = deployment
		const row = { ...deployment, canary: parse(canary), since }
		return {
			...row,
			version,
			as: roleIn(row, version),
			since: formatTime(since),
			until: until === null ? null : formatTime(until),
			setBy: ledgerRefs.get(`${model}/${environment}/${revision}`) ?? null,
			total,
		}
	})
}

const parse = (canary: string | null): ServingThen['canary'] => (canary === null ? null : JSON.parse(canary))

/** Adds where versions were deployed, and how many decisions they made there. */
export function addUses(
	graph: LineageGraph,
	services: readonly Service[],
	counts: readonly PredictionCount[],
): void {
	for (const { total: _, version, ...serving } of services)
		addDeployment(graph, serving.model, `version:${serving.model}@${version}`, serving)
	for (const { model, version, environment, rows, from, to } of counts) {
		const [first, last] = [formatTime(from), formatTime(to)]
		const id = graph.node('decisions', `${model}@${version}/${environment}`, {
			model,
			version,
			environment,
			count: rows,
			from: first,
			to: last,
		})
		graph.edge(`version:${model}@${version}`, id, 'decided', last)
	}
}
