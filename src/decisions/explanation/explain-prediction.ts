import { and, desc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { toHex } from '../../core/bytes.ts'
import { digestOf } from '../../core/canonical-json.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { incidents, ledgerEntries } from '../../db/schema.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { authorise, seesFeatures } from '../../registry/key/authorise.ts'
import { lineageOfPrediction, type PredictionLineage } from '../lineage/lineage-of-prediction.ts'
import { tableInForce } from '../reasons/table-in-force.ts'
import { recordMismatch } from '../replay/store-day.ts'
import { type AttributionQuery, attributeDecision } from './attribute-decision.ts'
import { type FoundBackground, findBackground } from './background.ts'
import { counterfactualsOf } from './counterfactuals.ts'
import type {
	Explanation,
	ExplanationContent,
	LedgerProof,
	OpenIncident,
	UsedBackground,
} from './explanation.schema.ts'
import { giveReasons } from './give-reasons.ts'
import { type ReadDecision, readDecision, shapeOf } from './read-decision.ts'

export type ExplanationQuery = AttributionQuery & {
	model: string
	predictionId: string
	/** Language of the reasons' texts, such as `de`. Default: the table's first. */
	locale?: string | undefined
	/** Features that counterfactuals may change. Default: those with limits in the manifest. */
	movable?: readonly string[] | undefined
	/** For reports: a moment, ms since the epoch, with which the answer stays the same whenever it is given. */
	asOf?: number | undefined
}

/**
 * Why a score was given: the decision replayed, explained and put into approved words, all as of its time. Viewers get it
 * without feature values. Every look-up is recorded in the ledger. Throws `not-found`, and `invalid` for an unknown output or
 * movable feature.
 */
export async function explainPrediction(
	context: Context,
	actor: Actor,
	query: ExplanationQuery,
): Promise<Explanation> {
	const read = await readForExplanation(context, actor, query)
	const whole = await explanationOf(context, actor, read, query)
	if (read.replayed.status === 'mismatched') await recordMismatch(context, actor, read)
	return withProof(context, actor, whole, await versionProof(context, read.stored))
}

/** The decision, replayed, for those who may read about its model. */
export function readForExplanation(
	context: Context,
	actor: Actor,
	{ model, predictionId }: Pick<ExplanationQuery, 'model' | 'predictionId'>,
): Promise<ReadDecision> {
	authorise(actor, readers, model)
	return readDecision(context, model, predictionId)
}

/** The explanation with all values. Whoever shows it records that, and hides what the actor may not see. */
export async function explanationOf(
	context: Context,
	actor: Actor,
	read: ReadDecision,
	query: ExplanationQuery,
): Promise<ExplanationContent> {
	const { stored } = read
	const [found, table, lineage, incidents] = await Promise.all([
		backgroundOf(context, actor, read, query.asOf),
		tableInForce(context, stored.model, stored.version, stored.timestamp, query.asOf),
		lineageOf(context, read),
		openIncidentsAt(context, stored),
	])
	const { against, ...attributed } = await attributeDecision(context, read, found, query)
	const { compared, ...reasons } = giveReasons(context, read, found, {
		table,
		locale: query.locale,
		shown: attributed.contributions,
	})
	const counterfactuals = counterfactualsOf(context, read, found, {
		movable: query.movable,
		reasons: reasons.reasons,
		kind: compared?.kind,
		bySteps: query.asOf !== undefined,
	})
	return {
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
}

/** An artefact that only an upload bound to its version is taken from the opened model. */
async function lineageOf(context: Context, read: ReadDecision): Promise<PredictionLineage> {
	const { stored, moment, row, opened } = read
	const lineage = await lineageOfPrediction(context, moment, row, stored)
	if (lineage.artifact || 'unavailable' in opened) return lineage
	const format = 'model' in opened ? opened.model.format : opened.onnx.format
	return { ...lineage, artifact: { sha256: opened.digest, format } }
}

/** The background of a decision, with all features that an explanation can name. */
export function backgroundOf(
	context: Context,
	actor: Actor,
	read: ReadDecision,
	asOf?: number,
): Promise<FoundBackground> {
	const { stored, row, opened, rule } = read
	const { model, version, environment, timestamp: at } = stored
	const names = [
		...row.features.map((f) => f.name),
		...(shapeOf(opened)?.features ?? Object.keys((stored.attributions ?? {}) as object)),
	]
	const features = [...new Set(names)]
	return findBackground(context, actor, { model, version, environment, at, rule, features, asOf })
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

/** The explanation as the actor may see it, recorded in the ledger. */
async function withProof(
	context: Context,
	actor: Actor,
	whole: ExplanationContent,
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

type Moment = Pick<StoredPrediction, 'model' | 'version' | 'environment' | 'timestamp'>

const maxIncidents = 20

/** Incidents of a version at a moment, by event time. An incident without alerts concerns all versions. */
async function openIncidentsAt(context: Context, moment: Moment): Promise<OpenIncident[]> {
	const { model, version, environment, timestamp } = moment
	const ofVersion = sql`(NOT EXISTS (SELECT 1 FROM alert WHERE alert.incident = incident.id)
		OR EXISTS (SELECT 1 FROM alert WHERE alert.incident = incident.id AND alert.version = ${version}))`
	const rows = await context.db
		.select()
		.from(incidents)
		.where(
			and(
				eq(incidents.model, model),
				eq(incidents.environment, environment),
				lte(incidents.began, timestamp),
				or(isNull(incidents.ended), gt(incidents.ended, timestamp)),
				ofVersion,
			),
		)
		.orderBy(desc(incidents.openedAt), desc(incidents.id))
		.limit(maxIncidents)
	return rows.map(({ id, title, severity, openedAt }) => ({
		id,
		title,
		severity,
		openedAt: formatTime(openedAt),
	}))
}

/** The ledger entry that registered the version. */
async function versionProof(context: Context, { model, version }: Moment): Promise<LedgerProof | null> {
	const [row] = await context.db
		.select({ index: ledgerEntries.idx, leafHash: ledgerEntries.leafHash })
		.from(ledgerEntries)
		.where(
			and(
				eq(ledgerEntries.object, `version:${model}@${version}`),
				eq(ledgerEntries.action, 'register-version'),
			),
		)
		.limit(1)
	return row ? { index: row.index, leafHash: toHex(row.leafHash) } : null
}

const beforeColon = (reason: string | null): string | null => reason?.split(':', 1)[0] ?? null

const noteText = {
	'unseen-category': 'a category that the model was not trained on; it counts as missing',
	missing: 'was not logged',
	'out-of-range': 'is outside the range that the model was trained on',
} as const

/**
 * The explanation for those who may not see feature values: contributions and reasons stay; values, ranks and every text
 * that could quote a value are removed.
 */
export function hideValues(answer: ExplanationContent): ExplanationContent {
	const { replay } = answer
	const replayReason =
		replay.status === 'mismatched'
			? `the logged score is ${replay.logged}, and the registered artefact answers ${replay.replayed}`
			: replay.status === 'unavailable'
				? beforeColon(replay.reason)
				: replay.reason
	// Other parts quote the reason of the replay.
	const quoting = <S extends { reason: string | null }>(part: S): S =>
		replay.reason === null || part.reason === null
			? part
			: { ...part, reason: part.reason.replace(replay.reason, () => replayReason ?? '') }
	return {
		...answer,
		replay: { ...replay, reason: replayReason },
		explanation: quoting(answer.explanation),
		reasonsStatus: quoting(answer.reasonsStatus),
		contributions: answer.contributions.map(({ value: _, percentile: __, share: ___, ...rest }) => rest),
		notes: answer.notes.map(({ feature, code }) => ({ feature, code, message: noteText[code] })),
		counterfactuals: [],
		counterfactualsStatus:
			answer.counterfactuals.length > 0
				? {
						status: 'hidden',
						reason: 'What would have changed the decision names feature values, which take the role analyst.',
					}
				: quoting(answer.counterfactualsStatus),
	}
}
