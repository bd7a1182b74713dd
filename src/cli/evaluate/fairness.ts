import type { AttributeMetric } from '../../metrics/descriptor.ts'
import { attributeMeasure, scoreFairnessIds } from '../../metrics/fairness.ts'
import { metrics } from '../../metrics/index.ts'
import type { Favourable, Group } from '../../stats/fairness/group-counts.ts'
import { benjaminiHochberg } from '../../stats/multiple-tests.ts'
import type { GroupValue } from './evaluation.ts'

const attributeMetrics: readonly AttributeMetric[] = metrics.filter((m) => m.subject === 'attribute')

type Asked = { minGroup: number; favourable: Favourable | undefined; kind: 'decisions' | 'scores' | 'none' }

/** The registry's metrics of an attribute that the task has. */
export const fairnessOf = (
	groups: readonly Group[],
	{ minGroup, favourable, kind }: Asked,
): Map<string, GroupValue> =>
	new Map(
		attributeMetrics
			.filter(({ id }) => kind === 'decisions' || (kind === 'scores' && scoreFairnessIds.includes(id)))
			.map((m) => [m.id, attributeMeasure(m, groups, favourable, { minGroup })]),
	)

/** q for every test of all attributes: one family. */
export function adjustForMultipleTests(attributes: Iterable<ReadonlyMap<string, GroupValue>>): void {
	const tests = [...attributes].flatMap((findings) => [...findings.values()])
	const q = benjaminiHochberg(tests.map((t) => t.p))
	tests.forEach((finding, i) => {
		finding.q = q[i] as number
	})
}
