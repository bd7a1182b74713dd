import type { Context } from '../../context.ts'
import { digits } from '../../core/digits.ts'
import {
	type FeatureContribution,
	type Selection,
	selectReasons,
} from '../../explain/reasons/select-reasons.ts'
import type { TableInForce } from '../reasons/table-in-force.ts'
import { type FoundBackground, minRows } from './background.ts'
import { chooseOutput, decide } from './decision.ts'
import { compareWith, explained } from './explainer.ts'
import type { Explanation, PartStatus, ReasonsStatus, UsedBackground } from './explanation.schema.ts'
import type { ReadDecision } from './read-decision.ts'

export type ReasonsPart = Pick<Explanation, 'reasons' | 'reasonsStatus' | 'reasonTable'> & {
	compared?: { kind: UsedBackground['kind']; rows: number }
}

const without = (status: PartStatus<ReasonsStatus>, missing: string[] = []): ReasonsPart => ({
	reasons: [],
	reasonsStatus: { ...status, missing },
	reasonTable: null,
})

/** Why no reasons are given; undefined when they can be. */
function whyUnavailable(
	read: ReadDecision,
	table: TableInForce | undefined,
): PartStatus<ReasonsStatus> | undefined {
	const { decision, adverse, replayed, opened, stored } = read
	if (adverse === false)
		return { status: 'not-adverse', reason: 'The decision did not go against the person.' }
	if (replayed.status === 'mismatched')
		return {
			status: 'withheld',
			reason: `The registered artefact did not give the logged score, so its reasons could be wrong: ${replayed.reason}.`,
		}
	if (!('model' in opened) || !replayed.encoded)
		return {
			status: 'unavailable',
			reason: `Reasons need an exact explanation, and the decision cannot be replayed: ${replayed.reason}.`,
		}
	if (replayed.status === 'unavailable')
		return {
			status: 'withheld',
			reason: `It is unknown whether the registered artefact gave this decision: ${replayed.reason}.`,
		}
	if (decision === null)
		return {
			status: 'unavailable',
			reason: 'There is no decision: no label was logged and the model has no threshold.',
		}
	if (adverse === null)
		return {
			status: 'unavailable',
			reason: 'It is unknown whether the decision went against the person.',
		}
	if (!table)
		return {
			status: 'unavailable',
			reason: `No reason table of ${stored.model} is approved. Propose one; it is in force once two other people have approved it.`,
		}
	return undefined
}

const kindOf = { '5(i)': 'approved-near-cut-off', '5(ii)': 'all-applicants' } as const

export type ReasonsQuery = {
	table: TableInForce | undefined
	locale: string | undefined
	/** The contributions that the explanation shows; reasons must not contradict them. May be empty. */
	shown: readonly FeatureContribution[]
}

/**
 * The principal reasons of an adverse decision, in the approved words of the table that was in force; its method says whom
 * the person is compared with. None are given when the explanation is in doubt.
 */
export function giveReasons(
	context: Context,
	read: ReadDecision,
	found: FoundBackground,
	{ table, locale, shown }: ReasonsQuery,
): ReasonsPart {
	const knockedOut = table && knockOutOf(read, table, locale)
	if (knockedOut) return knockedOut
	const blocked = whyUnavailable(read, table)
	const { opened, replayed } = read
	if (blocked) return without(blocked)
	if (!table || !('model' in opened) || !replayed.encoded || !replayed.margin) return without(noModel)
	const kind = kindOf[table.table.method]
	const compared = compareWith(context, opened.model, found, kind)
	if (!compared) return without(insufficient(kind, found))
	const attribution = explained(context, opened.model, replayed.encoded.x, compared)
	if (!attribution)
		return without({ status: 'failed', reason: 'The contributions do not add up against the background.' })
	const output = chooseOutput(opened.model, undefined, read.rule, read.decision, replayed.margin)
	const own = attribution.contributions[output] as Float64Array
	const selection = selectReasons({
		table: table.table,
		row: read.stored.features ?? {},
		contributions: opened.model.features.map((feature, i) => ({ feature, contribution: own[i] as number })),
		adverse: read.rule.adverse,
		shown: shown.length > 0 ? shown : undefined,
		sensitive: read.moment.sensitive,
		locale,
	})
	const part = partOf(selection, table, locale)
	return { ...overridden(read, part), compared: { kind, rows: compared.rows } }
}

/** A knock-out rule that holds is the reason, whatever the score is and even without one. */
function knockOutOf(
	{ adverse, stored, replayed, rule, moment }: ReadDecision,
	table: TableInForce,
	locale: string | undefined,
): ReasonsPart | undefined {
	if (adverse !== true || !stored.features || replayed.status === 'mismatched') return undefined
	const selection = selectReasons({
		table: table.table,
		row: stored.features,
		contributions: [],
		adverse: rule.adverse,
		sensitive: moment.sensitive,
		locale,
	})
	return selection.status === 'ok' ? partOf(selection, table, locale) : undefined
}

const noModel = { status: 'unavailable', reason: null } as const

const insufficient = (kind: UsedBackground['kind'], { content }: FoundBackground) =>
	({
		status: 'insufficient',
		reason:
			kind === 'all-applicants'
				? `Reasons compare with at least ${minRows} logged applicants; ${content.all.length} are known.`
				: `Reasons compare with at least ${minRows} approved applicants near the cut-off; ${content.near.length} are known.`,
	}) as const

function partOf(selection: Selection, table: TableInForce, locale: string | undefined): ReasonsPart {
	const { revision, digest } = table
	if (selection.status === 'failed') {
		const reason = `There is no reason to give: ${selection.reason}.`
		const status = selection.missing.length > 0 ? 'incomplete' : 'failed'
		return {
			...without({ status, reason }, selection.missing),
			reasonTable: { revision, digest, locale: null },
		}
	}
	const { missing } = selection
	const remarks = [
		missing.length > 0
			? `The reason table lacks ${missing.join(', ')}, which are principal reasons: add ${missing.length === 1 ? 'it' : 'them'} before a notice is sent.`
			: '',
		table.approvedLater
			? `No reason table was in force at that time: this is the first one after it, approved ${table.approvedAt}.`
			: '',
		selection.by === 'knock-out' ? 'A knock-out rule decided.' : '',
		selection.withheld.length > 0
			? 'Protected features also counted against the person. They are never named; the decision needs review.'
			: '',
		notTranslated(selection, locale),
	].filter((text) => text !== '')
	return {
		reasons: selection.reasons.map(({ locale: _, ...reason }) => reason),
		reasonsStatus: {
			status: missing.length > 0 ? 'incomplete' : 'ok',
			reason: remarks.join(' ') || null,
			missing,
		},
		reasonTable: { revision, digest, locale: selection.reasons.find((r) => r.locale)?.locale ?? null },
	}
}

/** A notice in two languages must be fixed before it is sent. */
function notTranslated({ reasons }: Selection & { status: 'ok' }, requested: string | undefined): string {
	if (requested === undefined) return ''
	const language = (locale: string | undefined) => locale?.toLowerCase().split('-')[0]
	const others = reasons.filter(({ locale }) => language(locale) !== language(requested))
	return others.length === 0
		? ''
		: `The table has no text in ${JSON.stringify(requested)} for ${others.map(({ code }) => code).join(', ')}: add it, or request another language.`
}

/** Whether the score is on the approving side: when the decision was adverse, something else decided. */
export const scoreApproves = ({ rule, score }: Pick<ReadDecision, 'rule' | 'score'>): boolean =>
	score !== null && decide(rule, { score }).adverse === false

/** When the score would have been approved, its reasons are not those of the decision: the decision needs review. */
function overridden(read: ReadDecision, part: ReasonsPart): ReasonsPart {
	const { rule, score, decision } = read
	if (score === null || !scoreApproves(read)) return part
	const { reason } = part.reasonsStatus
	const doubt = `The decision ${JSON.stringify(decision)} is logged, but the score ${digits(score)} is on the approving side of the threshold ${rule.threshold}: something other than the score decided. Name that instead.`
	return {
		...part,
		reasonsStatus: { ...part.reasonsStatus, reason: reason === null ? doubt : `${doubt} ${reason}` },
	}
}
