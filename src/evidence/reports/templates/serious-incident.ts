import type { RegulatoryRecord } from '../../../alerting/incident/regulatory.schema.ts'
import { readFacts } from '../../../alerting/incident/regulatory.ts'
import type { Context } from '../../../context.ts'
import type { Actor } from '../../../core/actor.ts'
import { AppError } from '../../../core/errors.ts'
import { dayMs, formatTime } from '../../../core/time.ts'
import { authorise } from '../../../registry/key/authorise.ts'
import { quote } from '../../../registry/model/find-model.ts'
import { clockFor, type IncidentClock, seriousIncidentLaw } from '../../clocks/incident-clocks.ts'
import { entryTable } from '../period/changes.ts'
import { entriesByObject, type PastEntry } from '../period/entries.ts'
import { incidentsAt, incidentTable, type PastIncident } from '../period/incidents.ts'
import { type PastRequest, requestsAt, requestTables } from '../period/requests.ts'
import { modelBefore, type PastVersion, servingAt } from '../period/scope.ts'
import { count, factsTable, jsonOf, section, tableOf } from '../period/section.ts'
import type { ReportContent, ReportCut, ReportSection, ReportSubject, ReportTemplate } from '../template.ts'

/** The report of a serious incident to a market surveillance authority. */
export const seriousIncident: ReportTemplate = {
	id: 'serious-incident',
	version: '1',
	title: 'Report of a serious incident',
	needs: 'incident',
	law: [seriousIncidentLaw],
	build,
}

type Case = {
	incident: PastIncident
	facts: RegulatoryRecord
	clock: IncidentClock | undefined
	cut: ReportCut
}

async function build(
	context: Context,
	actor: Actor,
	{ model, incident: id }: ReportSubject,
	cut: ReportCut,
): Promise<ReportContent> {
	if (model === undefined || id === undefined)
		throw new AppError('invalid', 'A report of a serious incident needs `model` and `incident`.')
	authorise(actor, ['analyst', 'auditor'], model)
	const settings = await modelBefore(context, model, cut)
	const entries = await entriesByObject(context, model, cut)
	const own = entries.get(`incident:${id}`) ?? []
	const [incident] = own.length > 0 ? await incidentsAt(context, [id], entries, cut) : []
	if (!incident)
		throw new AppError(
			'invalid',
			`${quote(model)} had no incident ${quote(id)} at the cut. Take a newer cut.`,
			{
				faults: [{ path: 'incident', message: 'is later than the cut' }],
			},
		)
	const facts = await readFacts(context, id, cut.at)
	const about: Case = { incident, facts, clock: clockFor(context, facts), cut }
	const requests = (await requestsAt(context, model, entries, cut)).filter(
		(request) => request.incident === id,
	)
	const serving = await servingAt(context, model, incident.environment, Date.parse(incident.openedAt))
	return {
		model: { model, version: serving?.row.version ?? null, artifactSha256: serving?.sha256 ?? null },
		rows: { included: 0, excluded: [] },
		sections: [
			reportSection(about),
			clockSection(about),
			systemSection(settings, incident, serving),
			descriptionSection(incident),
			investigationSection(facts, own),
			textSection(
				'risk',
				'Risk assessment',
				facts.riskAssessment,
				'riskAssessment',
				'the assessment of the risk that remains',
			),
			correctiveSection(facts, requests),
		],
		data: [
			{ path: 'incident.json', content: jsonOf(incident) },
			{ path: 'facts.json', content: jsonOf(facts) },
			{ path: 'requests.json', content: jsonOf(requests) },
			{ path: 'entries.json', content: jsonOf(own) },
		],
	}
}

const howTo = (member: string): string => `Record \`${member}\` of the incident.`

function reportSection({ facts, cut }: Case): ReportSection {
	const missing = (value: unknown, member: string, what: string) =>
		value === null ? [`${what}. ${howTo(member)}`] : []
	return section('report', 'The report', {
		text: [
			facts.completeReportAt === null
				? `This is the initial report as of ${formatTime(cut.at)}; it may be incomplete, and a complete one follows (Article 73(5)).`
				: `The complete report was sent at ${facts.completeReportAt}.`,
		],
		missing: [
			...missing(facts.class, 'class', 'the class of the incident'),
			...missing(facts.memberState, 'memberState', 'the Member State in which it occurred'),
			...missing(facts.awareAt, 'awareAt', 'when the provider became aware of it'),
			...missing(facts.causalLinkAt, 'causalLinkAt', 'when a causal link was established or likely'),
		],
		tables: [
			factsTable('facts', 'What was recorded', {
				class: facts.class,
				'Member State': facts.memberState,
				'aware at': facts.awareAt,
				'causal link at': facts.causalLinkAt,
				'initial report at': facts.initialReportAt,
				'complete report at': facts.completeReportAt,
			}),
			tableOf('recorded', 'Who recorded it', facts.recorded, {
				at: ({ at }) => at,
				who: ({ who }) => who,
				members: ({ members }) => members.join(', '),
			}),
		],
	})
}

function clockSection({ clock, facts, cut }: Case): ReportSection {
	const isLate = clock !== undefined && (clock.metAt ?? cut.at) >= clock.due
	const last = clock && formatTime(clock.due - dayMs).slice(0, 10)
	return section('clock', 'Time limit', {
		text: clock
			? [
					`${clock.text}, counted from ${facts.awareAt}: the last day is ${last}. The report is due at once when a causal link is established.`,
					clock.metAt === null
						? `No report had been sent at the cut.${isLate ? ' It is overdue.' : ''}`
						: `The initial report was sent at ${formatTime(clock.metAt)}, ${isLate ? 'after the limit' : 'within the limit'}.`,
				]
			: [],
		missing: clock
			? clock.metAt === null
				? [`when it was first reported. ${howTo('initialReportAt')}`]
				: []
			: [
					`the time limit, which follows from the class and from when the provider became aware. ${howTo('class` and `awareAt')}`,
				],
		tables: clock
			? [
					factsTable('clock', 'Time limit', {
						clock: clock.clock,
						days: clock.days,
						from: formatTime(clock.from),
						'last day': last,
						'reported at': clock.metAt === null ? null : formatTime(clock.metAt),
						late: isLate,
					}),
				]
			: [],
	})
}

const systemSection = (
	model: Awaited<ReturnType<typeof modelBefore>>,
	{ environment }: PastIncident,
	serving: PastVersion | undefined,
): ReportSection =>
	section('system', 'The system', {
		text: [`${model.name}, a ${model.task} model, in ${environment}.`],
		missing: [
			...(serving
				? []
				: ['the version that served: nothing was deployed. Deploy a version so that it is recorded.']),
			...(model.purpose ? [] : ['the intended purpose. Set `purpose` of the model.']),
		],
		tables: [
			factsTable('system', 'The system', {
				model: model.name,
				owner: model.owner,
				purpose: model.purpose,
				'risk tier': model.riskTier,
				environment,
				version: serving?.row.version,
				artifactSha256: serving?.sha256,
			}),
		],
	})

const descriptionSection = (incident: PastIncident): ReportSection =>
	section('incident', 'The incident', {
		text: [
			`${incident.title}.`,
			incident.resolution === null
				? ''
				: `It was resolved at ${incident.resolvedAt}: ${incident.resolution}.`,
		].filter((text) => text !== ''),
		tables: [
			incidentTable([incident]),
			tableOf('timeline', 'Timeline', incident.timeline, {
				at: ({ at }) => at,
				who: ({ who }) => who,
				what: ({ what }) => what,
			}),
		],
	})

const investigationSection = (facts: RegulatoryRecord, entries: readonly PastEntry[]): ReportSection => ({
	...textSection(
		'investigation',
		'Investigation',
		facts.investigation,
		'investigation',
		'the investigation and its findings',
	),
	tables: [entryTable('entries', 'Entries of the ledger about the incident', entries)],
})

const textSection = (
	id: string,
	title: string,
	text: string | null,
	member: string,
	what: string,
): ReportSection =>
	section(id, title, {
		text: text === null ? [] : [text],
		missing: text === null ? [`${what}. ${howTo(member)}`] : [],
	})

function correctiveSection(
	{ correctiveAction }: RegulatoryRecord,
	requests: readonly PastRequest[],
): ReportSection {
	const verified = requests.filter(({ status }) => status === 'verified')
	return section('corrective', 'Corrective action', {
		text: [
			correctiveAction ?? '',
			`${count(requests.length, 'request')} named this incident, of which ${verified.length} ${verified.length === 1 ? 'was' : 'were'} carried out and verified.`,
		].filter((text) => text !== ''),
		missing: correctiveAction === null ? [`the corrective action. ${howTo('correctiveAction')}`] : [],
		tables: requestTables(requests),
	})
}
