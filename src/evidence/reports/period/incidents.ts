import { and, asc, lte } from 'drizzle-orm'
import type { Context } from '../../../context.ts'
import { groupBy } from '../../../core/maps.ts'
import { formatTime } from '../../../core/time.ts'
import { inList } from '../../../db/database.ts'
import { type IncidentStatus, incidentEvents, incidents } from '../../../db/schema.ts'
import type { ReportCut, ReportTable } from '../template.ts'
import { idsOf, type PastEntry } from './entries.ts'
import type { PeriodScope } from './scope.ts'
import { tableOf } from './section.ts'

/** An incident as it was at the cut. Its row may have changed since, so that status and severity are those of the ledger. */
export type PastIncident = {
	id: string
	model: string
	environment: string
	status: IncidentStatus
	severity: string
	/** What it was opened for. */
	title: string
	openedAt: string
	acknowledgedAt: string | null
	resolvedAt: string | null
	resolution: string | null
	timeline: { at: string; who: string; what: string }[]
	/** Indexes of its ledger entries. */
	entries: number[]
}

/** The incidents whose ids are given, as of the cut, oldest first. */
export async function incidentsAt(
	context: Context,
	ids: readonly string[],
	entries: ReadonlyMap<string, readonly PastEntry[]>,
	cut: ReportCut,
): Promise<PastIncident[]> {
	const rows = await context.db
		.select()
		.from(incidents)
		.where(inList(incidents.id, ids))
		.orderBy(asc(incidents.openedAt), asc(incidents.id))
	const events = await context.db
		.select()
		.from(incidentEvents)
		.where(and(inList(incidentEvents.incident, ids), lte(incidentEvents.at, cut.at)))
		.orderBy(asc(incidentEvents.revision), asc(incidentEvents.seq))
	const byIncident = groupBy(events, ({ incident }) => incident)
	return rows.map((row) => {
		const timeline = (byIncident.get(row.id) ?? []).map(({ at, who, what }) => ({
			at: formatTime(at),
			who,
			what,
		}))
		const own = entries.get(`incident:${row.id}`) ?? []
		const opened = timeline.find(({ what }) => what !== 'opened')?.what ?? ''
		return {
			id: row.id,
			model: row.model,
			environment: row.environment,
			...stateOf(own),
			// Rules reword a title as alerts come and go; the first line of the timeline stays.
			title: row.about === null ? opened : row.title,
			openedAt: formatTime(row.openedAt),
			resolution:
				timeline.findLast(({ what }) => what.startsWith('resolved: '))?.what.slice('resolved: '.length) ??
				null,
			timeline,
			entries: own.map(({ index }) => index),
		}
	})
}

type State = Pick<PastIncident, 'status' | 'severity' | 'acknowledgedAt' | 'resolvedAt'>

function stateOf(entries: readonly PastEntry[]): State {
	const state: State = { status: 'open', severity: 'info', acknowledgedAt: null, resolvedAt: null }
	for (const { at, action, details = {} } of entries) {
		if (typeof details.severity === 'string') state.severity = details.severity
		const before = state.status
		if (action === 'acknowledge-incident') state.status = 'acknowledged'
		else if (action === 'resolve-incident') state.status = 'resolved'
		else if (typeof details.status === 'string') state.status = details.status as IncidentStatus
		if (state.status === before) continue
		if (state.status === 'acknowledged') state.acknowledgedAt = at
		state.resolvedAt = state.status === 'resolved' ? at : null
	}
	return state
}

/** Notes of rules name the window that fired. */
const windowNamed = /window from (\S+?)\)/

/** The incidents that were open at some time of the period, or are about one of its windows. */
export async function incidentsOf(context: Context, scope: PeriodScope): Promise<PastIncident[]> {
	const { entries, cut } = scope
	const [from, to] = [formatTime(scope.from), formatTime(scope.to)]
	const all = await incidentsAt(context, idsOf(entries, 'incident'), entries, cut)
	return all.filter(
		({ openedAt, resolvedAt, timeline }) =>
			(openedAt < to && (resolvedAt === null || resolvedAt >= from)) ||
			timeline.some(({ what }) => {
				const at = windowNamed.exec(what)?.[1]
				return at !== undefined && at >= from && at < to
			}),
	)
}

export const incidentTable = (items: readonly PastIncident[]): ReportTable =>
	tableOf('incidents', 'Incidents', items, {
		incident: ({ id }) => id,
		environment: ({ environment }) => environment,
		severity: ({ severity }) => severity,
		status: ({ status }) => status,
		opened: ({ openedAt }) => openedAt,
		acknowledged: ({ acknowledgedAt }) => acknowledgedAt,
		resolved: ({ resolvedAt }) => resolvedAt,
		cause: ({ title }) => title,
		resolution: ({ resolution }) => resolution,
	})
