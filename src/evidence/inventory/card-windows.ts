import type { Context } from '../../context.ts'
import type { WindowSize } from '../../core/time.ts'
import { readPoints } from '../../monitoring/windows/read-points.ts'
import { hoursOf } from '../../monitoring/windows/records.ts'

/** The window that a card shows of one environment: the last one whose outcomes are final, else the last one. */
export type CardWindow = {
	environment: string
	from: string
	to: string
	rows: number
	isFinal: boolean
	points: {
		metric: string
		group: string | null
		value: number | null
		low: number | null
		high: number | null
		n: number
		status: string
		reason: string | null
	}[]
}

const size: WindowSize = '7d'
const metrics = ['performance.*', 'fairness.*']
/** The same differences once more, in the terms of another library. */
const leftOut = 'fairness.clarify.'
const maxPoints = 2000

const newest = `SELECT from_ms AS "from", (provisional = 0 AND mature_at IS NULL AND labelled > 0) AS isFinal FROM outcome_record
	WHERE series = ? AND hours = ? AND superseded_at IS NULL ORDER BY isFinal DESC, from_ms DESC LIMIT 1`

/** A window of each environment in which a version has predictions. */
export async function cardWindows(context: Context, model: string, version: string): Promise<CardWindow[]> {
	const series = (await context.log.series(model)).filter((s) => s.version === version && s.segment === '')
	const windows: CardWindow[] = []
	for (const { id, environment } of series.toSorted((a, b) => (a.environment < b.environment ? -1 : 1))) {
		const params = [id, hoursOf(size)]
		const [at] = await context.sql.all<{ from: number; isFinal: number }>({ sql: newest, params })
		if (!at) continue
		const { items } = await readPoints(context, {
			...{ model, environment, version, metrics, window: size, namesSmall: false },
			...{ from: at.from, to: at.from + 1, limit: maxPoints },
		})
		const shown = items.filter(({ metric }) => !metric.startsWith(leftOut))
		const [first] = shown
		if (!first) continue
		windows.push({
			environment,
			...first.window,
			rows: Math.max(...shown.map((p) => p.n)),
			isFinal: at.isFinal === 1,
			points: shown.map(({ metric, subject, value, low, high, n, status, reason }) => ({
				...{ metric, group: subject.group ?? null, value, low, high, n, status, reason },
			})),
		})
	}
	return windows
}
