import type { Context } from '../../../context.ts'
import type { Actor } from '../../../core/actor.ts'
import { durationText, formatTime } from '../../../core/time.ts'
import {
	changesOf,
	deploymentTable,
	entryTable,
	type MonitoringPlan,
	monitoringPlan,
} from '../period/changes.ts'
import { dataSection, sumByCode, validationSection } from '../period/data.ts'
import type { PastEntry } from '../period/entries.ts'
import { outcomesAt } from '../period/group-sums.ts'
import { incidentsOf, incidentTable, type PastIncident } from '../period/incidents.ts'
import { metricTable, pointFile, pointsOf, rejectionsOf } from '../period/metrics.ts'
import { driftSection, performanceSection, planSection } from '../period/monitoring.ts'
import { outcomesSection } from '../period/outcomes.ts'
import { type Overseer, overseersAt, overseerTable } from '../period/people.ts'
import { inventorySection, purposeSection } from '../period/register.ts'
import { type PastRequest, requestsOf, requestTables } from '../period/requests.ts'
import { contentHead, openPeriod, type PeriodScope } from '../period/scope.ts'
import { count, csvOf, jsonOf, section } from '../period/section.ts'
import type { ReportContent, ReportCut, ReportSection, ReportSubject, ReportTemplate } from '../template.ts'

/** Post-market monitoring of a high-risk system under the AI Act, by the headings of Annex IV, over one period. */
export const postMarket: ReportTemplate = {
	id: 'post-market',
	version: '1',
	title: 'Post-market monitoring',
	needs: 'period',
	law: [
		'ai-act-annex-iii',
		'ai-act-9',
		'ai-act-annex-iv',
		'ai-act-12',
		'ai-act-15',
		'ai-act-18',
		'ai-act-19',
		'ai-act-26',
		'ai-act-72',
	],
	build,
}

async function build(
	context: Context,
	actor: Actor,
	subject: ReportSubject,
	cut: ReportCut,
): Promise<ReportContent> {
	const scope = await openPeriod(context, actor, subject, cut)
	const points = await pointsOf(context, scope, scope.main)
	const rejections = await rejectionsOf(context, scope)
	const outcomes = await outcomesAt(context, scope)
	const plan = await monitoringPlan(context, scope)
	const incidents = await incidentsOf(context, scope)
	const requests = await requestsOf(context, scope)
	const changes = changesOf(scope, plan?.changes)
	const overseers = await overseersAt(context, scope.model.name, cut)
	const drift = driftSection(scope, points)
	const performance = performanceSection(scope, points)
	return {
		...contentHead(
			scope,
			sumByCode(rejections).map(([code, rows]) => ({ reason: `rejected on arrival: ${code}`, rows })),
			scope.volumes.reduce((sum, { predictions }) => sum + predictions, 0),
		),
		sections: [
			under('1', 'General description of the system', inventorySection(scope)),
			under('1', 'Intended purpose', purposeSection(scope)),
			under('2', 'Elements of the system and how it was developed', dataSection(scope, rejections)),
			under('2', 'Validation and testing', validationSection(scope)),
			controlSection(scope, overseers, requests, incidents),
			metricsSection(scope, plan),
			riskSection(plan, incidents),
			under('6', 'Changes through the life of the system', changeSection(scope, changes)),
			filedElsewhere(
				'7',
				'standards',
				'Harmonised standards applied',
				'the list of harmonised standards. It is kept with the technical documentation: attach it to this report.',
			),
			filedElsewhere(
				'8',
				'declaration',
				'EU declaration of conformity',
				'the copy of the EU declaration of conformity (Article 47). It is kept with the technical documentation: attach it to this report.',
			),
			under('9', 'Post-market monitoring plan', planSection(plan)),
			eventSection(scope, { changes, incidents, requests }),
			{ ...performance, title: 'Accuracy (Article 15)' },
			{
				...outcomesSection(scope, outcomes, points),
				title: 'Accuracy: predicted and observed outcomes (Article 15)',
			},
			{ ...drift, title: 'Robustness: drift and data quality (Article 15)' },
			retentionSection(scope),
			section('metrics', 'Results of the monitoring by window', {
				text: [
					`Windows of ${scope.window}, as they had been computed at the cut. The file metrics.csv has every metric.`,
				],
				tables: [metricTable('metrics', 'Metrics by window', points)],
			}),
		],
		data: [
			{ path: 'metrics.csv', content: csvOf(pointFile([...points, ...rejections])) },
			{ path: 'incidents.json', content: jsonOf(incidents) },
			{ path: 'requests.json', content: jsonOf(requests) },
			{ path: 'changes.json', content: jsonOf(changes) },
			{ path: 'deployments.json', content: jsonOf(scope.deployments) },
			{ path: 'overseers.json', content: jsonOf(overseers) },
		],
	}
}

/** A section under a heading of Annex IV. */
const under = (heading: string, title: string, content: ReportSection): ReportSection => ({
	...content,
	title: `Annex IV, ${heading}: ${title}`,
})

const filedElsewhere = (heading: string, id: string, title: string, missing: string): ReportSection =>
	under(heading, title, section(id, title, { text: [], missing: [missing] }))

/** What people did to stop or steer the model. */
const steering: readonly string[] = ['rollback', 'canary', 'deployment', 'promotion', 'retraining']

function controlSection(
	{ from, to, entries }: PeriodScope,
	overseers: readonly Overseer[],
	requests: readonly PastRequest[],
	incidents: readonly PastIncident[],
): ReportSection {
	const [first, last] = [formatTime(from), formatTime(to)]
	const acts = [...entries.values()]
		.flat()
		.filter(({ action, at }) => oversight.includes(action) && at >= first && at < last)
		.sort((a, b) => a.index - b.index)
	const stopped = requests.filter(({ kind, status }) => kind === 'rollback' && status === 'verified')
	const steered = requests.filter(({ kind }) => steering.includes(kind))
	return under(
		'3',
		'Monitoring, functioning and control: human oversight (Article 26)',
		section('oversight', 'Human oversight', {
			text: [
				overseers.length === 0
					? ''
					: `${count(overseers.length, 'actor')} with the role approver or admin for this model could stop it at the cut, by requesting a rollback and voting on it.`,
				`In the period ${count(steered.length, 'request')} to change what serves ${steered.length === 1 ? 'was' : 'were'} open, and ${count(stopped.length, 'rollback')} ${stopped.length === 1 ? 'was' : 'were'} carried out and verified. People acknowledged or resolved ${count(incidents.filter(({ acknowledgedAt, resolvedAt }) => acknowledgedAt !== null || resolvedAt !== null).length, 'incident')}.`,
				'Roles that come from a mapping file of people are not listed: the file leaves no entry in the ledger.',
			].filter((text) => text !== ''),
			missing:
				overseers.length > 0
					? []
					: ['anybody who can stop the model. Give approvers a key or map their Slack user.'],
			tables: [overseerTable(overseers), entryTable('oversight', 'What people did, by ledger entry', acts)],
		}),
	)
}

const oversight: readonly string[] = [
	'acknowledge-incident',
	'comment-incident',
	'resolve-incident',
	'create-request',
	'vote-request',
	'approve-request',
	'reject-request',
	'cancel-request',
	'verify-execution',
	'lift-freeze',
]

function metricsSection({ model }: PeriodScope, plan: MonitoringPlan | undefined): ReportSection {
	const metrics = [...new Set(plan?.rules.map(({ metric }) => metric))].sort()
	return under(
		'4',
		'Appropriateness of the performance metrics',
		section('appropriateness', 'Appropriateness of the performance metrics', {
			text: [
				`The performance of a ${model.task} model is measured by the metrics of the section on accuracy, with 95% intervals, once enough outcomes of a window are known.`,
				metrics.length === 0 ? '' : `Rules watch ${metrics.join(', ')}.`,
			].filter((text) => text !== ''),
			missing: model.purpose
				? []
				: ['why these metrics fit the intended purpose, which is not recorded. Set `purpose` of the model.'],
		}),
	)
}

function riskSection(plan: MonitoringPlan | undefined, incidents: readonly PastIncident[]): ReportSection {
	return under(
		'5',
		'Risk management system (Article 9)',
		section('risk', 'Risk management system', {
			text: [
				'Known risks are watched by rules; a rule that fires opens an incident, which people work on and resolve.',
				`${count(incidents.length, 'incident')} in the period, of which ${incidents.filter(({ severity }) => severity === 'critical').length} critical and ${incidents.filter(({ status }) => status !== 'resolved').length} not resolved at the cut.`,
			],
			missing: plan ? [] : ['the measures: no rules were in force at the cut. Start the job evaluate-rules.'],
			tables: [incidentTable(incidents)],
		}),
	)
}

const changeSection = (scope: PeriodScope, changes: readonly PastEntry[]): ReportSection =>
	section('changes', 'Changes', {
		text: [
			`${count(changes.length, 'change')} in the period. Whether one is a substantial modification (Article 3(23)) is for the provider to decide.`,
		],
		tables: [deploymentTable(scope), entryTable('changes', 'Changes by ledger entry', changes)],
	})

/** The three purposes for which Article 12(2) wants events logged. */
function eventSection(
	{ entries, window }: PeriodScope,
	of: { changes: readonly PastEntry[]; incidents: readonly PastIncident[]; requests: readonly PastRequest[] },
): ReportSection {
	const entriesOf = (kind: string, items: readonly { id: string }[]) =>
		items.flatMap(({ id }) => entries.get(`${kind}:${id}`) ?? []).sort((a, b) => a.index - b.index)
	const risk = entriesOf('incident', of.incidents)
	const operation = entriesOf('request', of.requests)
	return section('events', 'Log of events (Article 12(2))', {
		text: [
			'Each event is an entry of the ledger with its index; the bundle proves that the report and the ledger belong together.',
			`(a) Situations of risk: ${count(risk.length, 'entry', 'entries')} about incidents. Substantial modifications: ${count(of.changes.length, 'entry', 'entries')} in the section on changes.`,
			`(b) Post-market monitoring: the results of each window of ${window} in the section on results.`,
			`(c) Operation: ${count(operation.length, 'entry', 'entries')} about requests, votes and executions.`,
		],
		tables: [
			entryTable('events:risk', 'Entries about incidents', risk),
			entryTable('events:operation', 'Entries about requests, votes and executions', operation),
			...requestTables(of.requests),
		],
	})
}

function retentionSection({ model }: PeriodScope): ReportSection {
	const { retentionMs } = model
	const days = retentionMs === undefined ? undefined : Math.floor(retentionMs / 86_400_000)
	return section('logs', 'Keeping of logs (Articles 18, 19 and 26)', {
		text: [
			'The ledger is never shortened.',
			retentionMs === undefined
				? ''
				: `Rows of the model stay in the database for ${durationText(retentionMs)}; then they move to the archive, from which they can still be read, unless a retention rule deletes them.`,
			days !== undefined && days < 183
				? 'Logs of a high-risk system are kept for at least six months: see to it that no retention rule of this model is shorter.'
				: '',
		].filter((text) => text !== ''),
		missing:
			retentionMs === undefined
				? [
						'how long rows are kept: this revision of the model is of an earlier release. Change the model once to record it.',
					]
				: [],
	})
}
