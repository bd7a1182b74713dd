import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { readers } from '../../core/actor.ts'
import { digestOf } from '../../core/canonical-json.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { authorise, seesFeatures } from '../../registry/key/authorise.ts'
import { lineageOfPrediction, type PredictionLineage } from '../lineage/lineage-of-prediction.ts'
import { tableInForce } from '../reasons/table-in-force.ts'
import { recordMismatch } from '../replay/record-mismatch.ts'
import { type AttributionQuery, attributeDecision } from './attribute-decision.ts'
import { incidentsAt, versionProof } from './circumstances.ts'
import { counterfactualsOf } from './counterfactuals.ts'
import type { Answered, Explanation, LedgerProof, UsedBackground } from './explanation.ts'
import { type FoundBackground, findBackground } from './find-background.ts'
import { giveReasons } from './give-reasons.ts'
import { hideValues } from './hide-values.ts'
import { type ReadDecision, readDecision, shapeOf } from './read-decision.ts'

export type ExplanationQuery = AttributionQuery & {
	model: string
	predictionId: string
	/** Language of the reasons' texts, such as `de`. Default: the table's first. */
	locale?: string | undefined
	/** Features that counterfactuals may move. Default: those with limits in the manifest. */
	movable?: readonly string[] | undefined
}

/**
 * Why a score was given: the decision replayed, explained and put in approved words, all as of its moment. Viewers get it
 * without feature values. Every look-up is in the ledger. Throws `not-found`, and `invalid` for an output or a movable
 * feature that is not there.
 */
export async function explainPrediction(
	context: Context,
	actor: Actor,
	query: ExplanationQuery,
): Promise<Explanation> {
	authorise(actor, readers, query.model)
	const read = await readDecision(context, query.model, query.predictionId)
	const { stored, replayed } = read
	const [found, table, lineage, incidents, version] = await Promise.all([
		backgroundOf(context, actor, read),
		tableInForce(context, stored.model, stored.version, stored.timestamp),
		lineageOf(context, read),
		incidentsAt(context, stored),
		versionProof(context, stored),
	])
	const { against, ...attributed } = await attributeDecision(context, read, found, query)
	const asked = { table, locale: query.locale, shown: attributed.contributions }
	const { compared, ...reasons } = giveReasons(context, read, found, asked)
	const named = { movable: query.movable, reasons: reasons.reasons, kind: compared?.kind }
	const counterfactuals = counterfactualsOf(context, read, found, named)
	const whole: Answered = {
		...whatWasDecided(read),
		...attributed,
		...reasons,
		...counterfactuals,
		background: usedBackground(found, compared),
		comparedWith: {
			contributions: against,
			reasons: compared?.kind ?? null,
			percentiles: found.content.approved > 0 ? 'approved-applicants' : null,
			counterfactuals: counterfactuals.counterfactuals.length > 0 ? 'all-applicants' : null,
		},
		lineage,
		incidents,
	}
	if (replayed.status === 'mismatched') await recordMismatch(context, actor, read)
	return withProof(context, actor, whole, version)
}

/** An artefact that was bound to its version by the upload alone is known by what was opened. */
async function lineageOf(context: Context, read: ReadDecision): Promise<PredictionLineage> {
	const { stored, moment, row, opened } = read
	const lineage = await lineageOfPrediction(context, moment, row, stored)
	if (lineage.artifact || 'unavailable' in opened) return lineage
	const format = 'model' in opened ? opened.model.format : opened.onnx.format
	return { ...lineage, artifact: { sha256: opened.digest, format } }
}

/** What a decision is compared with, over all the features that an explanation can name. */
export function backgroundOf(context: Context, actor: Actor, read: ReadDecision): Promise<FoundBackground> {
	const { stored, row, opened, rule } = read
	const { model, version, environment, timestamp: at } = stored
	const names = [
		...row.features.map((f) => f.name),
		...(shapeOf(opened)?.features ?? Object.keys((stored.attributions ?? {}) as object)),
	]
	const features = [...new Set(names)]
	return findBackground(context, actor, { model, version, environment, at, rule, features })
}

const whatWasDecided = ({ stored, score, decision, adverse, rule, replayed }: ReadDecision) => ({
	predictionId: stored.predictionId,
	model: stored.model,
	version: stored.version,
	environment: stored.environment,
	timestamp: formatTime(stored.timestamp),
	score,
	decision,
	adverse,
	threshold: rule.threshold,
	replay: {
		status: replayed.status,
		logged: replayed.logged,
		replayed: replayed.replayed,
		reason: replayed.reason,
	},
})

function usedBackground(
	{ digest, content }: FoundBackground,
	compared: { kind: UsedBackground['kind']; rows: number } | undefined,
): UsedBackground | null {
	if (digest === null) return null
	return {
		kind: compared?.kind ?? (content.near.length > 0 ? 'approved-near-cut-off' : 'all-applicants'),
		rows: compared?.rows ?? 0,
		approved: content.approved,
		from: formatTime(content.from),
		to: formatTime(content.to),
		digest,
	}
}

/** The answer as the actor may see it, with the ledger's entry that they saw it. */
async function withProof(
	context: Context,
	actor: Actor,
	whole: Answered,
	version: Explanation['proof']['version'],
): Promise<Explanation> {
	const answer = seesFeatures(actor) ? whole : hideValues(whole)
	const entry = {
		action: 'read-explanation',
		object: `prediction:${answer.model}/${answer.predictionId}`,
		model: answer.model,
		details: {
			version: answer.version,
			replay: answer.replay.status,
			method: answer.method,
			reasons: answer.reasonsStatus.status,
			values: seesFeatures(actor),
			answer: await digestOf(answer),
		},
	}
	const [lookup] = (await commit(context, actor, entry, [])) as [LedgerProof]
	return { ...answer, proof: { lookup, version } }
}
