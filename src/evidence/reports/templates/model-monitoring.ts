import type { Context } from '../../../context.ts'
import type { Actor } from '../../../core/actor.ts'
import { formatTime } from '../../../core/time.ts'
import { changesOf, deploymentTable, entryTable, monitoringPlan } from '../period/changes.ts'
import { dataSection, sumByCode, validationSection } from '../period/data.ts'
import { outcomesAt } from '../period/group-sums.ts'
import { incidentsOf, incidentTable, type PastIncident } from '../period/incidents.ts'
import { metricTable, pointFile, pointsOf, rejectionsOf, segmentPoints } from '../period/metrics.ts'
import { driftSection, performanceSection, planSection } from '../period/monitoring.ts'
import { outcomesSection, overridesSection } from '../period/outcomes.ts'
import { inventorySection, materialitySection, purposeSection, vendorSection } from '../period/register.ts'
import { openStatuses, type PastRequest, requestsOf, requestTables } from '../period/requests.ts'
import { contentHead, openPeriod, type PeriodScope } from '../period/scope.ts'
import { count, csvOf, jsonOf, section } from '../period/section.ts'
import type { ReportContent, ReportCut, ReportSection, ReportSubject, ReportTemplate } from '../template.ts'

/** What SR 26-2 expects of ongoing monitoring, over one period. */
export const modelMonitoring: ReportTemplate = {
	id: 'model-monitoring',
	version: '1',
	title: 'Model monitoring',
	needs: 'period',
	law: ['sr-26-2'],
	build,
}

async function build(
	context: Context,
	actor: Actor,
	subject: ReportSubject,
	cut: ReportCut,
): Promise<ReportContent> {
	const scope = await openPeriod(context, actor, subject, cut)
	const { main, volumes } = scope
	const points = await pointsOf(context, scope, main)
	const segments = await segmentPoints(context, scope, main, scope.model.segments ?? [])
	const rejections = await rejectionsOf(context, scope)
	const plan = await monitoringPlan(context, scope)
	const incidents = await incidentsOf(context, scope)
	const requests = await requestsOf(context, scope)
	const outcomes = await outcomesAt(context, scope)
	const changes = changesOf(scope, plan?.changes)
	const others: ReportSection['tables'] = []
	for (const volume of volumes.slice(1))
		others.push(
			metricTable(
				`metrics:${volume.series.version}/${volume.series.environment}`,
				`Version ${volume.series.version} in ${volume.series.environment}`,
				await pointsOf(context, scope, volume),
			),
		)
	const executors = [...new Set(requests.flatMap(({ executor }) => executor ?? []))].sort()
	return {
		...contentHead(
			scope,
			sumByCode(rejections).map(([code, rows]) => ({ reason: `rejected on arrival: ${code}`, rows })),
			volumes.reduce((sum, { predictions }) => sum + predictions, 0),
		),
		sections: [
			inventorySection(scope),
			materialitySection(scope),
			purposeSection(scope),
			dataSection(scope, rejections),
			validationSection(scope),
			planSection(plan),
			driftSection(scope, points),
			overridesSection(scope, outcomes, { breakGlass: breakGlassVotes(scope, requests) }),
			performanceSection(scope, points),
			outcomesSection(scope, outcomes, points),
			section('changes', 'Changes', {
				text: [
					`${count(changes.length, 'change')} of the model, its versions, deployments and rules in the period.`,
				],
				tables: [deploymentTable(scope), entryTable('changes', 'Changes by ledger entry', changes)],
			}),
			incidentSection(incidents),
			approvalSection(requests),
			vendorSection(scope, executors),
			metricSection(scope, [
				metricTable('metrics', 'Metrics by window', [...points, ...segments]),
				...others,
			]),
		],
		data: [
			{ path: 'metrics.csv', content: csvOf(pointFile([...points, ...segments, ...rejections])) },
			{ path: 'incidents.json', content: jsonOf(incidents) },
			{ path: 'requests.json', content: jsonOf(requests) },
			{ path: 'deployments.json', content: jsonOf(scope.deployments) },
			{ path: 'changes.json', content: jsonOf(changes) },
			{ path: 'versions.json', content: jsonOf(scope.versions) },
		],
	}
}

function breakGlassVotes({ from, to }: PeriodScope, requests: readonly PastRequest[]): number {
	const [first, last] = [formatTime(from), formatTime(to)]
	return requests
		.flatMap(({ votes }) => votes)
		.filter(({ breakGlass, at }) => breakGlass && at >= first && at < last).length
}

function incidentSection(incidents: readonly PastIncident[]): ReportSection {
	const open = incidents.filter(({ status }) => status !== 'resolved')
	return section('incidents', 'Incidents', {
		text: [
			incidents.length === 0
				? 'No incident was open in the period.'
				: `${count(incidents.length, 'incident')}, of which ${open.length} ${open.length === 1 ? 'was' : 'were'} not resolved at the cut.`,
		],
		tables: [incidentTable(incidents)],
	})
}

function approvalSection(requests: readonly PastRequest[]): ReportSection {
	const open = requests.filter(({ status }) => openStatuses.includes(status))
	return section('approvals', 'Approvals and executions', {
		text: [
			requests.length === 0
				? 'No request was open in the period.'
				: `${count(requests.length, 'request')}, of which ${open.length} ${open.length === 1 ? 'was' : 'were'} open at the cut.`,
		],
		tables: requestTables(requests),
	})
}

const metricSection = ({ window, main, cut }: PeriodScope, tables: ReportSection['tables']): ReportSection =>
	section('metrics', 'Metrics by window', {
		text: [
			`Windows of ${window}, of version ${main.series.version} in ${main.series.environment}; other versions follow. Values are those that had been computed at the cut, ${formatTime(cut.at)}, and equal those of the API as of then. The file metrics.csv has every metric.`,
		],
		tables,
	})
