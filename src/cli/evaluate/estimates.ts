import { estimateOutcomes, learn, type Pairs } from '../../metrics/estimate-outcomes.ts'
import { type MetricValue, notEnoughData } from '../../metrics/metric-value.ts'
import {
	type Feature,
	populationShift,
	shiftReason,
	type Value,
} from '../../stats/estimation/population-shift.ts'
import type { Column } from '../../tables/columns.ts'
import type { Wanted } from '../../tables/read-columns.ts'
import type { Request } from './options.ts'
import { firstLabel, type Rows } from './rows.ts'
import { RowsView } from './rows-view.ts'

/** Fixed, so that the intervals are always the same. */
const seed = 1

/**
 * Estimates metrics of rows without outcomes, from their scores and a reference with outcomes. `doubt`: why the estimates
 * should not be trusted, or an empty text.
 */
export function estimates(
	view: RowsView,
	rows: Rows,
	reference: Rows,
	doubt: string,
): [string, MetricValue][] {
	const learnt = new RowsView(reference)
	const estimated = estimateOutcomes(view, learn(learnt, [], labelledPairs(reference)), seed, {
		known: labelledPairs(rows),
		doubt,
	})
	if (learnt.outcomeSummary.labelled > 0) return estimated
	return estimated.map(([id]) => [
		id,
		notEnoughData(0, 'the reference has no outcome that is a label of this task'),
	])
}

function labelledPairs({ labels, scores, values }: Rows): Pairs {
	const isUsed = (_: number, row: number) => labels[row] === firstLabel && !Number.isNaN(scores[row])
	return { predicted: scores.filter(isUsed), actual: values.filter(isUsed) }
}

/** The maximum number of rows to compare, evenly over the file, and of columns, the first ones. */
const maxRows = 2000
const maxFeatures = 60
/** A text column with more categories holds names and is not a feature. */
const maxCategories = 50
const namesARow = /^(id|uuid|.*_id|.*Id|subject|timestamp|time|date|.*_at|.*_date|period|version|model)$/

const missing = new Set<unknown>([null, undefined, '', 'NA', 'NaN', 'nan', 'null', 'None'])

/** Every `stride`-th value of a column. */
class SampledColumn implements Column {
	readonly values: Value[] = []
	private row = 0
	private readonly stride: number

	constructor(stride: number) {
		this.stride = stride
	}

	addBytes(bytes: Uint8Array, from: number, to: number): void {
		if (this.row++ % this.stride !== 0) return
		const text = new TextDecoder().decode(bytes.subarray(from, to))
		const number = text.trim() === '' ? Number.NaN : Number(text)
		this.keep(Number.isFinite(number) ? number : text)
	}

	addValue(value: unknown): void {
		if (this.row++ % this.stride === 0) this.keep(value)
	}

	private keep(value: unknown): void {
		const plain = typeof value === 'bigint' ? Number(value) : value
		if (typeof plain === 'number') this.values.push(Number.isNaN(plain) ? null : plain)
		else this.values.push(missing.has(plain) ? null : String(plain))
	}
}

/** The rows of a file, the names of all its columns, and a function that reads more of them. */
export type Source = {
	rows: Rows
	names: readonly string[]
	read: (wanted: readonly Wanted[]) => Promise<unknown>
}

/**
 * Why estimates for the rows of one file from those of another should not be trusted, by the features in both; an empty text
 * when there is no reason. Columns with ids and times are not compared.
 */
export async function populationReason(
	request: Request,
	sides: { reference: Source; window: Source },
): Promise<string> {
	const { reference, window } = sides
	const names = featureNames(request, reference.names).filter((name) => window.names.includes(name))
	if (names.length === 0 || reference.rows.count === 0 || window.rows.count === 0) return ''
	const [before, now] = await Promise.all(
		[reference, window].map((side) => sampleOf(side, names.slice(0, maxFeatures))),
	)
	const features = names.slice(0, maxFeatures).flatMap((name): Feature[] => {
		const feature = { name, reference: before?.get(name) ?? [], window: now?.get(name) ?? [] }
		return isFeature(feature) ? [feature] : []
	})
	if (features.length === 0) return ''
	const shift = populationShift(features, scoresOf(reference.rows, window.rows))
	return shiftReason(shift, { features: features.length, rows: features[0]?.reference.length ?? 1 })
}

function featureNames(request: Request, names: readonly string[]): string[] {
	const used = [
		request.actual,
		request.score,
		request.prediction,
		request.query,
		...request.classScores.map(({ column }) => column),
	]
	return names.filter((name) => !used.includes(name) && !namesARow.test(name))
}

const strideOf = (rows: number) => Math.max(1, Math.ceil(rows / maxRows))

async function sampleOf({ rows, read }: Source, names: readonly string[]): Promise<Map<string, Value[]>> {
	const columns = names.map((name) => ({ name, column: new SampledColumn(strideOf(rows.count)) }))
	await read(columns.map(({ name, column }) => ({ name, required: false, takers: [column] })))
	return new Map(columns.map(({ name, column }) => [name, column.values]))
}

/** Whether a column is a feature: not times, ids, or values that only increase along the file. */
function isFeature({ reference, window }: Feature): boolean {
	const sides = [reference, window].map((side) => side.filter((v) => v !== null))
	if (sides.some((side) => side.length === 0)) return false
	const [known] = sides as [(number | string)[]]
	const texts = known.filter((v): v is string => typeof v === 'string')
	if (texts.length > known.length / 2)
		return new Set(texts).size <= maxCategories && !texts.every((v) => /^\d{4}-\d\d/.test(v))
	return !sides.some((side) => {
		const isDistinct = side.length > maxCategories && new Set(side).size === side.length
		const grows = side.every((v, i) => i === 0 || (v as number) >= (side[i - 1] as number))
		return isDistinct && (grows || side.every((v) => Number.isInteger(v)))
	})
}

/** Scores, or the probabilities of classes, of the rows that the features are sampled of. */
function scoresOf(reference: Rows, window: Rows): Feature[] {
	const columns = (rows: Rows) =>
		rows.probabilities.size > 0 ? rows.probabilities : new Map([['', rows.scores]])
	const sampled = (rows: Rows, name: string): Value[] => {
		const values = columns(rows).get(name) ?? new Float64Array(rows.count).fill(Number.NaN)
		const stride = strideOf(rows.count)
		const kept = values.filter((_, row) => row % stride === 0)
		return Array.from(kept, (v) => (Number.isNaN(v) ? null : v))
	}
	return [...columns(reference).keys()].map((name) => ({
		name,
		reference: sampled(reference, name),
		window: sampled(window, name),
	}))
}
