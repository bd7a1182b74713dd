import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { benjaminiHochberg } from '../../stats/multiple-tests.ts'
import { type AttributeAudit, auditAttribute } from './attribute-audit.ts'
import { type Attribute, type AuditQuery, type AuditScope, auditScope, describeScope } from './audit-scope.ts'
import type { BiasAudit } from './bias.schema.ts'
import { type GroupSums, groupsOf, sumGroups } from './group-sums.ts'

/** How the sensitive groups of a binary model fared over a period, by exact sums of the log. Throws as `auditScope` does. */
export async function biasAudit(context: Context, actor: Actor, query: AuditQuery): Promise<BiasAudit> {
	const scope = await auditScope(context, actor, query)
	return { ...describeScope(context, scope), ...(await auditSums(await sumsOf(context, scope), scope)) }
}

/** Sums over all rows, and over the values of each segment. */
export type AuditSums = { all: GroupSums; segments: { segment: string; values: GroupSums[] }[] }

/** The audit of sums, wherever they were read. */
export async function auditSums(
	sums: AuditSums,
	{ attributes: wanted, favourable }: Pick<AuditScope, 'attributes' | 'favourable'>,
): Promise<Pick<BiasAudit, 'rows' | 'tests' | 'attributes'>> {
	const attributes: AttributeAudit[] = []
	for (const attribute of wanted) {
		attributes.push(auditAttribute(groupsOfAll(sums, attribute, favourable)))
		// Comparing many groups takes a while: requests get a turn between attributes.
		await new Promise((resolve) => setImmediate(resolve))
	}
	const { predictions, labelled, never, unusable } = sums.all
	return {
		rows: { predictions, labelled, never, unusable },
		tests: adjustForMultipleTests(attributes),
		attributes,
	}
}

/** Segments first: rows that arrive meanwhile then count as rows without a segment, and segments never exceed the whole. */
async function sumsOf(context: Context, { model, series, from, to }: AuditScope): Promise<AuditSums> {
	const segments: AuditSums['segments'] = []
	for (const segment of model.segments) {
		const values: GroupSums[] = []
		for (const { id } of series.filter((s) => s.segment === segment))
			values.push(await sumGroups(context, id, from, to))
		segments.push({ segment, values })
	}
	const all = await sumGroups(context, series.find((s) => s.segment === '')?.id, from, to)
	return { all, segments }
}

const groupsOfAll = (
	{ all, segments }: AuditSums,
	attribute: Attribute,
	favourable: AuditScope['favourable'],
) => ({
	attribute: attribute.name,
	predictions: all.predictions,
	all: groupsOf(all, attribute),
	segments: segments.map(({ segment, values }) => ({
		segment,
		values: values.map((sums) => groupsOf(sums, attribute)),
	})),
	favourable,
})

/** q for every test of the answer, as one family; the number of tests. */
function adjustForMultipleTests(attributes: readonly AttributeAudit[]): number {
	const tests = attributes.flatMap(({ disparities }) => disparities).filter(({ p }) => p !== null)
	const q = benjaminiHochberg(tests.map(({ p }) => p as number))
	tests.forEach((test, i) => {
		test.q = q[i] as number
	})
	return tests.length
}
