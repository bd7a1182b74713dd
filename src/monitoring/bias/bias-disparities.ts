import type { AttributeMetric } from '../../metrics/descriptor.ts'
import { disparityIn, fourFifthsOf } from '../../metrics/fairness.ts'
import { metrics } from '../../metrics/index.ts'
import type { Disparity, Excluded } from '../../stats/fairness/disparity.ts'
import type { Favourable, Group } from '../../stats/fairness/group-counts.ts'
import { orNull, toEstimate } from './audit-numbers.ts'

/** The verdict of the four-fifths rule; `value` and `groups` are its ratio and its two groups under their older names. */
export function toFourFifths(known: readonly Group[], favourable: Favourable | undefined) {
	const { ratio, low, high, verdict, reason, reference, group } = fourFifthsOf(known, favourable)
	const estimate = toEstimate({ value: ratio, low, high })
	const groups = reference === null || group === null ? [] : [reference, group]
	return { verdict, reason, ratio: estimate.value, ...estimate, reference, group, groups }
}

const attributeMetrics: readonly AttributeMetric[] = metrics.filter((m) => m.subject === 'attribute')

/** Comparing is quadratic in groups: the largest are. */
const maxCompared = 50

/** Every disparity metric over the known groups, largest first. `q` is filled in later, from the whole answer. */
export function disparitiesOf(known: readonly Group[], favourable: Favourable | undefined) {
	const leftOut: Excluded[] = known.slice(maxCompared).map(({ group, counts: { n } }) => ({
		group,
		n,
		reason: `beyond the ${maxCompared} largest groups`,
	}))
	return attributeMetrics.map((metric) =>
		toDisparity(metric, disparityIn(metric, known.slice(0, maxCompared), favourable), leftOut),
	)
}

function toDisparity({ id, method }: AttributeMetric, found: Disparity, leftOut: readonly Excluded[]) {
	const { value, low, high } = toEstimate(found)
	return {
		metric: id,
		status: value === null ? ('insufficient' as const) : ('ok' as const),
		value,
		low,
		high,
		p: orNull(found.p),
		q: null as number | null,
		groups: [...found.groups] as string[],
		excluded: [...found.excluded, ...leftOut],
		method,
		reason: found.reason ?? found.note ?? null,
	}
}
