import { formatTime } from '../../core/time.ts'
import type { PredictionCount, StoredPrediction } from '../../log/prediction-log.ts'
import { originsOf, type TracedVersion } from '../../registry/lineage/links.ts'
import type { RunReading } from '../../registry/lineage/training-run.ts'
import { isSameCommit, type Service } from './graph.ts'
import type { LedgerRef } from './ledger-refs.ts'
import type { PredictionLineage } from './lineage-of-prediction.ts'

// Lineage in sentences, one a step.

const setBy = (ledgerRef: LedgerRef | null) => (ledgerRef ? `, set${by(ledgerRef)}` : '')

const by = (ledgerRef: LedgerRef | null | undefined) =>
	ledgerRef ? ` by ${ledgerRef.who} (entry ${ledgerRef.entry} of the ledger)` : ''

/** Where a version comes from. */
export function versionChain(
	row: TracedVersion,
	registered: LedgerRef | null | undefined,
	reading: RunReading | null | undefined,
): string[] {
	const { artifact, run, dataset, commit, image } = originsOf(row)
	const named = `Version ${row.version} of ${row.model}`
	const lines = [
		`${named} was registered at ${formatTime(row.createdAt)}${by(registered)}.`,
		artifact
			? `Its artefact is ${artifact.format}, sha256:${artifact.sha256}.`
			: 'No artefact was registered for it.',
		run === null ? 'No training run was registered for it.' : `It came from the training run ${run}.`,
		dataset === null ? 'No data set was registered for it.' : `It was trained on ${dataset}.`,
		commit === null ? 'No commit was registered for it.' : `The code was at commit ${commit}.`,
		...(image === null ? [] : [`It runs in the image ${image}.`]),
	]
	return [...lines, ...(reading ? runChain(reading, commit) : [])]
}

function runChain({ status, reference, run, readAt, reason }: RunReading, commit: string | null): string[] {
	const lines = status === 'unreachable' ? [`MLflow could not be reached for ${reference}: ${reason}.`] : []
	if (!run) return lines
	const read = `MLflow, read at ${readAt}:`
	lines.push(`${read} run ${run.id} is ${run.status.toLowerCase()}${run.user ? `, by ${run.user}` : ''}.`)
	for (const { name, digest, context, rows } of run.datasets) {
		const size = rows === null ? '' : `, ${rows} rows`
		lines.push(
			`${read} the run used ${name} with the digest ${digest}${context ? ` for ${context}` : ''}${size}.`,
		)
	}
	if (run.commit !== null && commit !== null && !isSameCommit(run.commit, commit))
		lines.push(`${read} its code was at commit ${run.commit}, which differs from the registered one.`)
	else if (run.commit !== null && commit === null) lines.push(`${read} its code was at commit ${run.commit}.`)
	for (const { name, version } of run.models) lines.push(`Its registry has it as ${name} version ${version}.`)
	return lines
}

/** What made a decision, and what was in force at the time. */
export function predictionChain(
	prediction: StoredPrediction,
	row: TracedVersion,
	lineage: PredictionLineage,
	reading: RunReading | null | undefined,
	history: readonly Service[],
): string[] {
	const { model, predictionId, version, environment } = prediction
	const at = formatTime(prediction.timestamp)
	const { registered, settings, rules, baseline, reasonTable } = lineage
	const threshold = settings.threshold === null ? 'no threshold' : `the threshold ${settings.threshold}`
	return [
		`Prediction ${predictionId} was made at ${at} by version ${version} of ${model} in ${environment}.`,
		...servingChain(lineage, version, environment, history.at(-1)),
		...versionChain(row, registered, reading ?? lineage.trainingRun),
		`In force then: revision ${settings.revision} of the model's settings, with ${threshold}.`,
		rules
			? `In force then: the rules ${rules.digest}, since ${rules.since}.`
			: 'No rules had been evaluated then.',
		...(baseline ? [`In force then: the baseline ${baseline.digest} of ${baseline.rows} rows.`] : []),
		...(reasonTable
			? [
					`In force then: revision ${reasonTable.revision} of the reason table, approved by ${reasonTable.approvers.join(' and ')}.`,
				]
			: []),
	]
}

function servingChain(
	{ deployment }: PredictionLineage,
	version: string,
	environment: string,
	first: Service | undefined,
): string[] {
	if (!deployment) {
		const later = first
			? ` Version ${version} was deployed there at ${first.since}, with revision ${first.revision}.`
			: ''
		return [`Nothing had been deployed in ${environment} then.${later}`]
	}
	const { revision, as: role, champion, canary, since, until, setBy: ledgerRef, requests } = deployment
	const what =
		role === 'canary' && canary
			? `the canary at ${canary.percent}%`
			: role === null
				? `not deployed: ${champion} was the champion`
				: `the ${role}`
	const ended = until === null ? '' : ` until ${until}`
	return [
		`Version ${version} was ${what} then: revision ${revision} of ${environment}, in force since ${since}${ended}${setBy(ledgerRef)}.`,
		...requests.map(
			(r) => `${r.requester} had requested ${champion} at ${r.at}: ${r.id}, a ${r.kind} that is ${r.status}.`,
		),
	]
}

/** Where versions were deployed, and how many decisions they made there. */
export function useChain(
	versions: readonly TracedVersion[],
	services: readonly Service[],
	counts: readonly PredictionCount[],
): string[] {
	return versions.flatMap(({ model, version }) => {
		const mine = (x: { model: string; version: string }) => x.model === model && x.version === version
		const named = `${model}@${version}`
		const served = services.filter(mine).map((s) => {
			const until = s.until === null ? 'until now' : `until ${s.until}`
			return `${named} was ${s.as} in ${s.environment} since ${s.since} ${until} (revision ${s.revision})${setBy(s.setBy)}.`
		})
		const decided = counts
			.filter(mine)
			.map(
				(c) =>
					`${named} made ${c.rows} decision${c.rows === 1 ? '' : 's'} in ${c.environment}, from ${formatTime(c.from)} to ${formatTime(c.to)}.`,
			)
		return [
			...(served.length > 0 ? served : [`${named} was never deployed.`]),
			...(decided.length > 0 ? decided : [`${named} made no decisions that were logged.`]),
		]
	})
}
