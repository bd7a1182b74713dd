import { isEligible } from '../../approvals/policy/eligible.ts'
import type { ActionRequest } from '../../approvals/request/request.schema.ts'
import type { Actor } from '../../core/actor.ts'
import type { VersionComparison } from '../../monitoring/comparison/comparison.schema.ts'
import { hasRole } from '../../registry/key/authorise.ts'
import { figure, withInterval } from './figure.ts'
import {
	actionLines,
	part,
	type RequestAbout,
	requestTitle,
	statusText,
	stepLines,
	voteLines,
	whyLines,
} from './request.ts'
import { type Block, code, context, escapeText, lines, named, section, shortTime, type View } from './text.ts'
import { checkboxInput, maxReason, modalView, radioInput, textInput } from './view.ts'

export const reviewId = 'request_review'
export const reviewTitle = 'Review'
/** What somebody types to confirm that one approval is enough. */
export const breakGlassWords = 'break glass'
const maxCalls = 30
const maxGuards = 12

/** The exact action, why, what it changes for whom, and the fields of a vote. `form` is the id of the form. */
export function reviewView(form: string, request: ActionRequest, about: RequestAbout, actor: Actor): View {
	const refusal = whyRefused(actor, request)
	return modalView({
		id: reviewId,
		value: form,
		title: reviewTitle,
		submit: 'Submit',
		blocks: [
			...(refusal === undefined ? [] : [section(`:warning: ${refusal}`)]),
			...storyBlocks(request, about),
			radioInput('decision', 'Decision', [
				['approve', 'Approve'],
				['reject', 'Reject'],
			]),
			textInput('reason', 'Reason', { max: maxReason, isLong: true }),
			...breakGlassInputs(request, actor),
		],
	})
}

/** The request without fields: it is decided, or the vote was stored. */
export const decidedView = (request: ActionRequest, about: RequestAbout, note?: string): View =>
	modalView({
		id: reviewId,
		value: '',
		title: reviewTitle,
		blocks: [...(note === undefined ? [] : [section(`*${note}*`)]), ...storyBlocks(request, about)],
	})

/** Why a vote of the person would be refused as things are; it is checked again when it is submitted. Escaped. */
export function whyRefused(actor: Actor, { requester, policy, model }: ActionRequest): string | undefined {
	if (requester === actor.id) return 'You asked for this, so somebody else has to decide.'
	const { roles = ['approver' as const], groups = [] } = policy ?? {}
	if (isEligible(actor, { roles, groups }, model)) return undefined
	const allowed = [
		...roles.map((role) => `the role ${role}`),
		...(groups.length > 0 ? ['a group of the policy'] : []),
	]
	return `Your vote would not count: for ${named(model)} it needs ${allowed.join(' or ')}.`
}

function storyBlocks(request: ActionRequest, about: RequestAbout): Block[] {
	const { id, actionDigest, expiresAt, plan, policy } = request
	const rules = [`\`${escapeText(actionDigest)}\``, `expires ${shortTime(expiresAt)}`]
	if (policy) rules.push(`policy ${named(policy.name)}`)
	return [
		section(`*${escapeText(requestTitle(request))}*\n\`${escapeText(id)}\` ${statusText(request)}`),
		section(lines(actionLines(request))),
		...(plan
			? [section(`*Plan* of the executor ${named(plan.executor)}`), code(plan.calls.slice(0, maxCalls))]
			: []),
		...part('Why', whyLines(request, about)),
		...part('What it changes, for whom', evidenceLines(request)),
		...part('Votes', voteLines(request)),
		...part('Execution', stepLines(request)),
		context(rules.join(', ')),
	]
}

/** Both fields are needed: one could be ticked by mistake. */
function breakGlassInputs({ policy }: ActionRequest, actor: Actor): Block[] {
	const rule = policy?.breakGlass
	if (!rule || !hasRole(actor, rule.role)) return []
	return [
		checkboxInput(
			'break_glass',
			'Break glass',
			['yes', 'It cannot wait: my approval alone is enough'],
			`It takes effect at once, expires after ${rule.expires}, and opens an incident for the review.`,
		),
		textInput('break_glass_confirm', 'Confirm break glass', {
			max: 100,
			hint: `Type "${breakGlassWords}" to confirm.`,
			isOptional: true,
		}),
	]
}

const shownAlready = new Set(['incident', 'note', 'comparison'])

/** Figures that the request has: how the versions compare for each group, or what the rule measured. Escaped. */
function evidenceLines({ evidence }: ActionRequest): string[] {
	const others = Object.entries(evidence).filter(
		([name, value]) => !shownAlready.has(name) && ['string', 'number', 'boolean'].includes(typeof value),
	)
	const { comparison } = evidence as { comparison?: VersionComparison }
	return [
		...(comparison ? comparisonLines(comparison) : []),
		...others.map(([name, value]) => `${named(name, 60)} ${named(String(value), 300)}`),
	]
}

function comparisonLines({
	verdict,
	reason,
	gain,
	guards,
	champion,
	challenger,
}: VersionComparison): string[] {
	const number = (value: number | null) => (value === null ? 'unknown' : figure(value))
	const guardText = ({ name, metric, group, champion: a, challenger: b, state }: (typeof guards)[number]) =>
		`• ${named(name || metric)}${group === undefined ? '' : ` (${named(group)})`}: ${number(a)} for ${named(champion, 60)}, ${number(b)} for ${named(challenger, 60)}, ${state}`
	const more = guards.length > maxGuards ? [`… and ${guards.length - maxGuards} more`] : []
	return [
		`Comparison of ${named(challenger, 60)} with ${named(champion, 60)}: ${verdict}. ${named(reason, 500)}`,
		`Gain ${withInterval(gain)}`,
		...guards.slice(0, maxGuards).map(guardText),
		...more,
	]
}
