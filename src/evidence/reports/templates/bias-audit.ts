import type { Context } from '../../../context.ts'
import type { Actor } from '../../../core/actor.ts'
import { formatTime } from '../../../core/time.ts'
import { attributesOf } from '../../../monitoring/bias/audit-scope.ts'
import type { BiasAudit } from '../../../monitoring/bias/bias.schema.ts'
import { auditSums } from '../../../monitoring/bias/bias-audit.ts'
import type { GroupSums } from '../../../monitoring/bias/group-sums.ts'
import { labelOf } from '../../../registry/model/favourable.ts'
import { noFavourable } from '../../../stats/fairness/four-fifths.ts'
import type { Favourable } from '../../../stats/fairness/group-counts.ts'
import { groupCounts } from '../../../summaries/outcomes/outcome-summary.ts'
import { favourableAt, outcomesAt, sumRecords } from '../period/group-sums.ts'
import { contentHead, openPeriod, type PeriodScope } from '../period/scope.ts'
import { count, csvOf, factsTable, jsonOf, section, tableOf } from '../period/section.ts'
import type { ReportContent, ReportCut, ReportSection, ReportSubject, ReportTemplate } from '../template.ts'

/** The four-fifths rule and the tables of a bias audit, over one period. */
export const biasAudit: ReportTemplate = {
	id: 'bias-audit',
	version: '1',
	title: 'Bias audit',
	needs: 'period',
	law: ['four-fifths', 'nyc-ll144'],
	build,
}

type Audit = Pick<BiasAudit, 'rows' | 'tests' | 'attributes'>
type AttributeAudit = Audit['attributes'][number]

async function build(
	context: Context,
	actor: Actor,
	subject: ReportSubject,
	cut: ReportCut,
): Promise<ReportContent> {
	const scope = await openPeriod(context, actor, subject, cut)
	const records = await outcomesAt(context, scope)
	const favourable = favourableAt(records)
	const sums = sumRecords(records)
	const attributes = scope.model.task === 'binary' ? attributesOf(scope.model) : []
	const audit = await auditSums({ all: sums, segments: [] }, { attributes, favourable })
	return {
		...contentHead(scope, excludedOf(audit), audit.rows.predictions),
		sections: [
			scopeSection(scope, audit, favourable),
			...(attributes.length > 0
				? audit.attributes.map((a) => attributeSection(a, favourable))
				: [nothingToCompare(scope)]),
			...(attributes.length > 0 ? [fourFifthsSection(audit, favourable), disparitySection(audit)] : []),
		],
		data: [
			{ path: 'groups.csv', content: csvOf(groupFile(sums)) },
			{ path: 'audit.json', content: jsonOf(audit) },
		],
	}
}

/** Rows that an audit leaves out, by attribute: they are in the totals and in no comparison. */
const excludedOf = ({ attributes }: Audit): { reason: string; rows: number }[] =>
	attributes.flatMap(({ attribute, audit, rows }) => [
		...(audit.unknown > 0 ? [{ reason: `${attribute}: the group is unknown`, rows: audit.unknown }] : []),
		...audit.excluded.map(({ group, n, reason }) => ({ reason: `${group}: ${reason}`, rows: n })),
		...(rows.withoutDecision > 0
			? [{ reason: `${attribute}: without a decision`, rows: rows.withoutDecision }]
			: []),
	])

function scopeSection(
	scope: PeriodScope,
	{ rows }: Audit,
	favourable: Favourable | undefined,
): ReportSection {
	const { model, main, versions, from, to, until, cut } = scope
	const selected = favourable === undefined ? (model.positiveLabel ?? '1') : labelOf(model, favourable)
	return section('audit', 'Audit', {
		text: [
			`Decisions of version ${main.series.version} of ${model.name} in ${main.series.environment}. They are counted from the daily and hourly records of outcomes that had been computed at the cut; no row was read.`,
			scope.hours,
			`A person counts as selected with the decision "${selected}".${favourable === undefined ? '' : ' It is the decision that is good for the person.'}`,
			'The impact ratio is the selection rate of a group over that of the most selected group. Groups below 2% of the rows with a known group are listed with their rate, and are not compared.',
			until < to ? `Windows after ${formatTime(until)} were not over at the cut and are not included.` : '',
		].filter((text) => text !== ''),
		missing:
			favourable === undefined && model.task === 'binary'
				? [`the decision that is good for the person: ${noFavourable}.`]
				: [],
		tables: [
			factsTable('scope', 'Audit', {
				'audit date': formatTime(cut.at),
				'source of data': `prediction log of Plumbline, ${main.series.environment}`,
				model: model.name,
				version: main.series.version,
				artifactSha256: versions.find((v) => v.row.version === main.series.version)?.sha256,
				from: formatTime(from),
				to: formatTime(to),
				selected,
				predictions: rows.predictions,
				'with a known outcome': rows.labelled,
			}),
		],
	})
}

const nothingToCompare = ({ model }: PeriodScope): ReportSection =>
	section('attributes', 'Groups', {
		text: [],
		missing: [
			model.task === 'binary'
				? 'sensitive attributes: the model declares none. Set `sensitive` of the model, and send them as features or groups.'
				: `a comparison of groups: it is made of the decisions of binary models, and this is a ${model.task} model. Register the decision that is made from its output as a binary model.`,
		],
	})

function attributeSection(audit: AttributeAudit, favourable: Favourable | undefined): ReportSection {
	const { attribute, audit: table, fourFifths, reason, rows, groups } = audit
	const rateOf = (name: string) => groups.find(({ group }) => group === name)?.rates.selectionRate.value
	const listed = [
		...table.rows.map((row) => ({ ...row, excluded: null })),
		...table.excluded.map(({ group, n, reason }) => ({
			...{ group, n, excluded: reason },
			selectionRate: rateOf(group),
			impactRatio: { value: null, low: null, high: null },
		})),
	]
	const undecided = table.rows.length === 0 && reason === null
	return section(`groups:${attribute}`, `Groups of ${attribute}`, {
		text: [
			`Four-fifths rule: ${fourFifths.verdict}. ${fourFifths.reason}.`,
			table.unknown === 0
				? 'The group of every row with a decision is known.'
				: `${count(table.unknown, 'row')} with a decision ${table.unknown === 1 ? 'has' : 'have'} no known group.`,
			rows.withoutDecision > 0 ? `${count(rows.withoutDecision, 'row')} had no decision.` : '',
		].filter((text) => text !== ''),
		missing: [
			...(reason === null ? [] : [`${attribute}: ${reason}.`]),
			...(undecided
				? [
						'decisions, so that no group has a selection rate. Set `threshold` of the model, or send the decision as `label`.',
					]
				: []),
			...(favourable === undefined ? [`a verdict: ${noFavourable}.`] : []),
		],
		tables: [
			tableOf(`attribute:${attribute}`, `Selection by ${attribute}`, listed, {
				group: ({ group }) => group,
				n: ({ n }) => n,
				selectionRate: ({ selectionRate }) => selectionRate,
				impactRatio: ({ impactRatio }) => impactRatio.value,
				excluded: ({ excluded }) => excluded,
			}),
			tableOf(`intervals:${attribute}`, '95% intervals of the impact ratios', table.rows, {
				group: ({ group }) => group,
				selected: ({ selected }) => selected,
				low: ({ impactRatio }) => impactRatio.low,
				high: ({ impactRatio }) => impactRatio.high,
			}),
		],
		charts:
			table.rows.length > 0
				? [
						{
							id: `selection:${attribute}`,
							title: `Selection rate by ${attribute}`,
							kind: 'bars',
							table: `attribute:${attribute}`,
							x: 'group',
							y: ['selectionRate'],
						},
					]
				: [],
	})
}

const fourFifthsSection = ({ attributes }: Audit, favourable: Favourable | undefined): ReportSection =>
	section('verdicts', 'Four-fifths rule', {
		text: [
			'The rule compares the least selected group with the most selected one, of known groups of at least 30 decisions. It fails when the whole 95% interval of their ratio is below 0.8, passes when none of it is, and is inconclusive otherwise: then more rows are needed.',
		],
		missing: favourable === undefined ? [`verdicts: ${noFavourable}.`] : [],
		tables: [
			tableOf('fourFifths', 'Verdicts', attributes, {
				attribute: ({ attribute }) => attribute,
				verdict: ({ fourFifths }) => fourFifths.verdict,
				ratio: ({ fourFifths }) => fourFifths.ratio,
				low: ({ fourFifths }) => fourFifths.low,
				high: ({ fourFifths }) => fourFifths.high,
				reference: ({ fourFifths }) => fourFifths.reference,
				group: ({ fourFifths }) => fourFifths.group,
				unknown: ({ audit }) => audit.unknown,
				reason: ({ fourFifths }) => fourFifths.reason,
			}),
		],
	})

/** Scores of groups are not part of the records that audits of a period are made of. */
const needsScores: readonly string[] = [
	'fairness.smd',
	'fairness.mean_score_difference',
	'fairness.calibration_gap',
]

const disparitySection = ({ attributes, tests }: Audit): ReportSection =>
	section('disparities', 'Differences between groups', {
		text: [
			`Every difference is of the two groups that determine it; q is p corrected for the ${count(tests, 'test')} of this audit. Differences of scores between groups are metrics of each day, in the report on model monitoring.`,
		],
		tables: [
			tableOf(
				'disparities',
				'Differences between groups',
				attributes.flatMap(({ attribute, disparities }) =>
					disparities.filter(({ metric }) => !needsScores.includes(metric)).map((d) => ({ attribute, ...d })),
				),
				{
					attribute: ({ attribute }) => attribute,
					metric: ({ metric }) => metric,
					value: ({ value }) => value,
					low: ({ low }) => low,
					high: ({ high }) => high,
					p: ({ p }) => p,
					q: ({ q }) => q,
					groups: ({ groups }) => groups.join(', '),
					reason: ({ reason }) => reason,
				},
			),
		],
	})

/** The counts of each group, by the positive label. */
const groupFile = ({ groups }: GroupSums) =>
	tableOf(
		'groups',
		'',
		[...groups].flatMap(([attribute, values]) =>
			[...values]
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([value, counts]) => ({ attribute, value, counts })),
		),
		{
			attribute: ({ attribute }) => attribute,
			value: ({ value }) => value,
			...Object.fromEntries(
				groupCounts.map((name) => [
					name,
					({ counts }: { counts: { get(field: typeof name): number } }) => counts.get(name),
				]),
			),
		},
	)
