import { dayMs, weekMs, windowStart } from '../../core/time.ts'
import { parseKey } from '../../rules/facts.ts'
import { noDataRule } from '../../rules/rule-set.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'

/** What the alerts of one incident have in common. Other kinds are the first part of a metric's name. */
export type CauseKind = 'data' | 'missing' | 'category' | 'type' | 'score' | 'attribution' | (string & {})

/** Quality metrics of a feature say what is wrong with it; drift only says that something is. */
const byMetric: Record<string, CauseKind> = {
	'quality.null_rate': 'missing',
	'quality.unseen_categories': 'category',
	'quality.domain_violations': 'category',
	'quality.type_errors': 'type',
	'quality.range_violations': 'data',
	'quality.constant': 'data',
	'quality.freshness_ms': 'feed',
	'quality.rejected_rows': 'rejected',
	'quality.rejected_share': 'rejected',
	'quality.volume': 'traffic',
}

export function causeOf({ rule, metric, subjectKey }: AlertRow): CauseKind {
	if (rule === noDataRule) return 'no-data'
	const known = byMetric[metric]
	if (known) return known
	if (metric.startsWith('drift.attribution')) return 'attribution'
	const { feature } = parseKey(subjectKey)
	if (metric.startsWith('drift.')) return feature?.startsWith('$') ? 'score' : 'data'
	return metric.split('.')[0] ?? metric
}

const inputKinds: readonly CauseKind[] = ['data', 'missing', 'category', 'type']
export const isInput = (alert: AlertRow): boolean => inputKinds.includes(causeOf(alert))
/** Consequences of inputs: the score, the decision, and the attributions of features. */
export const isFollower = (alert: AlertRow): boolean => ['score', 'attribution'].includes(causeOf(alert))
export const isDrift = ({ metric }: AlertRow): boolean => metric.startsWith('drift.')

/** When the change can have begun: in the day or week of the first window for which the condition was true. */
function startOf({ window, began, metric }: AlertRow): { from: number; to: number } {
	if (window === 'clock' && !metric.startsWith('replay.')) return { from: began, to: began + 1 }
	const size = window === '7d' ? weekMs : dayMs
	const from = windowStart(window === '7d' ? '7d' : '1d', began)
	return { from, to: from + size }
}

function sameStart(a: AlertRow, b: AlertRow): boolean {
	const [one, other] = [startOf(a), startOf(b)]
	return one.from < other.to && other.from < one.to
}

/** Whether `a` began in the day, or the week, after the one in which `b` did. */
function follows(a: AlertRow, b: AlertRow): boolean {
	const { from } = startOf(a)
	const { to } = startOf(b)
	return from >= to && from < to + Math.max(dayMs, to - startOf(b).from)
}

/** A cause that recurs within a day is the same cause. */
export const reopenMs = dayMs
const endOf = ({ endedTo }: AlertRow): number => endedTo ?? Number.POSITIVE_INFINITY
const overlaps = (a: AlertRow, b: AlertRow): boolean =>
	a.began <= endOf(b) + reopenMs && b.began <= endOf(a) + reopenMs

/** The features or attributes that an alert is about; score and decision are one subject. */
function subjectsOf(alert: AlertRow): string[] {
	if (causeOf(alert) === 'score') return ['']
	if (causeOf(alert) === 'traffic') return [alert.version]
	const { feature, group } = parseKey(alert.subjectKey)
	return feature !== undefined ? [feature] : (group?.split(' x ') ?? [''])
}
const sameSubject = (a: AlertRow, b: AlertRow): boolean => {
	const of = subjectsOf(b)
	return subjectsOf(a).some((s) => of.includes(s))
}

const isReplay = (alert: AlertRow): boolean => causeOf(alert) === 'replay'

type Tie = (alert: AlertRow, member: AlertRow, others: readonly AlertRow[]) => boolean

/** What ties an alert to the cause of an incident, the strongest tie first. */
const ties: readonly Tie[] = [
	// The same feature again, or its drift, which is the less exact sign.
	(a, b) =>
		isInput(a) &&
		isInput(b) &&
		sameSubject(a, b) &&
		overlaps(a, b) &&
		(causeOf(a) === causeOf(b) || isDrift(a)),
	// Features that change at the same time have one source, and scores and decisions follow from them.
	(a, b) => (isInput(a) || isFollower(a)) && isInput(b) && sameStart(a, b),
	(a, b) => isFollower(a) && isFollower(b) && sameStart(a, b),
	// The consequence was known before the feature that caused it.
	(a, b, others) =>
		(isInput(a) || isReplay(a)) &&
		isFollower(b) &&
		sameStart(a, b) &&
		!others.some((m) => isInput(m) || isReplay(m)),
	// Another model has other scores.
	(a, b) => isFollower(a) && isReplay(b) && sameStart(a, b),
	(a, b) => !isInput(a) && causeOf(a) === causeOf(b) && sameSubject(a, b) && overlaps(a, b),
	(a, b) => !isInput(a) && causeOf(a) === causeOf(b) && !isFollower(a) && sameStart(a, b),
	// Scores can take one more window to differ by more than chance.
	(a, b) => isFollower(a) && isInput(b) && follows(a, b) && overlaps(a, b),
]

/** How closely an alert is tied to others: 0 is closest; undefined when it has another cause. */
export function tieTo(alert: AlertRow, members: readonly AlertRow[]): number | undefined {
	const valid = members.filter((m) => m.status !== 'undone')
	const rank = ties.findIndex((tie) => valid.some((m) => tie(alert, m, valid)))
	return rank === -1 ? undefined : rank
}

/** By the end of the window; inputs before their consequences. */
export const causeOrder = (a: AlertRow, b: AlertRow): number =>
	a.firedTo - b.firedTo || Number(isFollower(a)) - Number(isFollower(b))
