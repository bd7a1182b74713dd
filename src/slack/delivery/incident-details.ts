import type { Incident, IncidentAlert } from '../../alerting/incident/incident.schema.ts'
import {
	dimensionOf,
	readWindowRows,
	type WindowRows,
	type WindowSource,
} from '../../alerting/incident/window-rows.ts'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { type WindowSize, windowMs, windowSizes } from '../../core/time.ts'
import type { IncidentChange } from '../../db/schema.ts'
import { listReplays } from '../../decisions/replay/list-replays.ts'
import { metricIds } from '../../metrics/index.ts'
import { wrong } from '../../monitoring/segments/feature-cells.ts'
import { readPoints } from '../../monitoring/windows/read-points.ts'
import { hasRole, seesFeatures } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { modeOf } from '../../stats/ordered-samples.ts'

/** The evidence of an alert: rows of its window and of the baseline, and the adjusted p-value. */
export type Evidence = { n: number; m: number; q: number | null }

/** Further alerts are counted, not shown. */
export const maxShown = 8

/** The evidence of an incident's first alerts, in order; undefined for an alert that is not about a computed window. */
export const incidentEvidence = (context: Context, incident: Incident): Promise<(Evidence | undefined)[]> =>
	Promise.all(incident.alerts.slice(0, maxShown).map((alert) => evidenceOf(context, incident, alert)))

async function evidenceOf(
	context: Context,
	{ model, environment }: Incident,
	alert: IncidentAlert,
): Promise<Evidence | undefined> {
	const window = sizeOf(alert)
	if (window === undefined || !metricIds.includes(alert.metric)) return undefined
	const { version, feature, segment } = alert.subject
	const from = Date.parse(alert.window.from)
	const { items } = await readPoints(context, {
		model,
		environment,
		version,
		window,
		metrics: [alert.metric],
		feature,
		segment: segment && `${segment.name}:${segment.value}`,
		from,
		to: from + 1,
		limit: 1,
	})
	const [answer] = items
	return answer?.subject.feature === feature && answer ? { n: answer.n, m: answer.m, q: answer.q } : undefined
}

/** The size of an alert's window; undefined for an alert on the state of a model now. */
export function sizeOf({ window: { from, to } }: IncidentAlert): WindowSize | undefined {
	const ms = Date.parse(to) - Date.parse(from)
	return windowSizes.find((size) => windowMs[size] === ms)
}

export type SegmentValue = { value: string; metric: number | null; n: number }

/** What "Why" adds to an incident's message. */
export type IncidentDetails = {
	metric: string
	feature: string | undefined
	/** The metric's windows up to the newest, oldest first. */
	trend: { from: number; value: number | null }[]
	window: 'h' | 'd'
	/** The metric in the window, by value of each declared segment. */
	segments: { name: string; values: SegmentValue[] }[]
	/** Predictions that show the change; undefined if the actor may not see rows. */
	examples: string[] | undefined
}

const trendWindows = 15
const maxValues = 6
const maxExamples = 3

/** Details of the incident's first alert about a computed metric; undefined if there is none. */
export async function incidentDetails(
	context: Context,
	actor: Actor,
	incident: Incident,
): Promise<IncidentDetails | undefined> {
	const [first] = incident.changes
	const computed = incident.alerts.filter((a) => sizeOf(a) !== undefined && metricIds.includes(a.metric))
	const alert = computed.find((a) => a.subject.feature === first?.feature) ?? computed[0]
	const examples = hasRole(actor, ['analyst', 'auditor'])
		? await examplesOf(context, actor, incident, alert)
		: undefined
	if (!alert)
		return examples && { metric: '', feature: undefined, trend: [], window: 'd', segments: [], examples }
	const size = sizeOf(alert) ?? '1d'
	const about = {
		model: incident.model,
		environment: incident.environment,
		version: alert.subject.version,
		metrics: [alert.metric],
		window: size,
		feature: alert.subject.feature,
		group: alert.subject.group,
		namesSmall: seesFeatures(actor),
	}
	const from = Date.parse(alert.window.from)
	const { items } = await readPoints(context, {
		...about,
		from: from - (trendWindows - 5) * windowMs[size],
		to: from + 5 * windowMs[size],
		limit: trendWindows,
	})
	const trend = items.map((a) => ({ from: Date.parse(a.window.from), value: a.value }))
	const { segments: names } = await findModel(context, incident.model)
	const segments = await Promise.all(
		names.map(async (name) => {
			const found = await readPoints(context, { ...about, segment: name, from, to: from + 1, limit: 200 })
			const values = found.items.map(({ subject, value, n }) => ({
				value: subject.segment?.value ?? '',
				metric: value,
				n,
			}))
			values.sort((a, b) => Math.abs(b.metric ?? 0) - Math.abs(a.metric ?? 0) || (a.value < b.value ? -1 : 1))
			return { name, values: values.slice(0, maxValues) }
		}),
	)
	const window = size === '1h' ? 'h' : 'd'
	return {
		metric: alert.metric,
		feature: about.feature,
		trend,
		window,
		segments: segments.filter((s) => s.values.length > 1),
		examples,
	}
}

/** Ids of predictions that show the first change: replayed predictions, or rows of the window. */
async function examplesOf(
	context: Context,
	actor: Actor,
	incident: Incident,
	alert: IncidentAlert | undefined,
): Promise<string[]> {
	const { model, environment, changes } = incident
	const [first] = changes
	if (first?.kind === 'replay') {
		const { items } = await listReplays(context, actor, {
			model,
			environment,
			status: 'mismatched',
			limit: 5,
		})
		return items.flatMap((day) => day.examples.map((e) => e.predictionId)).slice(0, maxExamples)
	}
	const feature = first?.feature
	if (!feature || !alert) return []
	const source = {
		model,
		environment,
		version: alert.subject.version,
		firedFrom: Date.parse(alert.window.from),
		firedTo: Date.parse(alert.window.to),
	}
	const window = await readWindowRows(context, source)
	return window ? rowsThatShow(first, feature, window) : []
}

/** The rows that show the change best. */
function rowsThatShow(
	change: IncidentChange,
	feature: string,
	{ rows, reference, dimensions }: WindowSource,
): string[] {
	const column = reference.columns.find((c) => c.bins.name === feature)?.bins
	const spec = column?.spec
	if (!spec) return []
	const values = rows.valuesOf(spec)
	const known = new Set(column.kind === 'categorical' ? column.values : [])
	const numbers = values.filter((v) => typeof v === 'number')
	const often = modeOf(Float64Array.from(numbers).sort()).value
	const aim = change.kind === 'unit' || change.kind === 'shift' ? (change.after ?? often) : often
	const isThere = inPlace(change, rows, dimensions)
	/** Smaller is a better example of the change; undefined is none. */
	const distance = (row: number): number | undefined => {
		const value = values[row]
		if (!isThere(row)) return undefined
		if (change.kind === 'missing') return value === undefined ? 0 : undefined
		if (change.kind === 'type') return value === wrong ? 0 : undefined
		if (typeof value === 'string') return change.kind !== 'new-category' || !known.has(value) ? 0 : undefined
		return typeof value === 'number' ? Math.abs(value - aim) : undefined
	}
	return [...rows.withFeatures]
		.flatMap((row) => {
			const far = distance(row)
			return far === undefined ? [] : [{ id: rows.batch.ids[row] as string, far }]
		})
		.sort((a, b) => a.far - b.far || (a.id < b.id ? -1 : 1))
		.slice(0, maxExamples)
		.map(({ id }) => id)
}

function inPlace(
	change: IncidentChange,
	rows: WindowRows,
	dimensions: WindowSource['dimensions'],
): (row: number) => boolean {
	const dimension = dimensionOf(dimensions, change)
	if (!dimension) return () => true
	const places = rows.placesOf(dimension)
	const wanted = change.segment?.value ?? change.group
	return (row) => places[row] === wanted
}
