import type { Context } from '../../context.ts'
import { dayMs, weekMs } from '../../core/time.ts'
import type { IncidentChange } from '../../db/schema.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import type { Reference, ReferenceColumn } from '../../metrics/reference.ts'
import { type Value, valueAt, wrong } from '../../monitoring/segments/feature-cells.ts'
import { groupName } from '../../monitoring/windows/record-points.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import { total } from '../../stats/counts.ts'
import {
	binCount,
	type FeatureSpec,
	missingBin,
	typeErrorBin,
	unseenBin,
} from '../../summaries/inputs/bins.ts'
import { type Column, categoryOf, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { decisionOf } from '../../summaries/inputs/input-summary.ts'
import { edgesOf } from '../../summaries/outcomes/bands.ts'
import { groupAt, missingGroup } from '../../summaries/outcomes/make-join-index.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'

/** Rows to read of each window; fewer if there are very many features, so that memory is bounded. */
const maxRows = 20_000
const maxCells = 2_000_000
const maxScanned = 200_000
/** If the day before has fewer rows, the week before is read. */
const enoughRows = 1000

/** What splits rows into places: the values of a declared segment, or the groups of a sensitive attribute. */
export type Dimension = { segment: string } | { attribute: string; edges: readonly number[] | undefined }

/** Rows of a window, with their features, scores, decisions, segments and groups. */
export class WindowRows {
	readonly batch: RowBatch
	/** The rows that have features. */
	readonly withFeatures: Int32Array
	readonly all: Int32Array
	private readonly model: ModelRow
	private readonly values = new Map<string, Value[]>()

	constructor(batch: RowBatch, model: ModelRow) {
		this.batch = batch
		this.model = model
		this.all = Int32Array.from({ length: batch.rows }, (_, r) => r)
		this.withFeatures = this.all.filter((r) => batch.hasFeatures[r] === 1)
	}

	valuesOf(spec: FeatureSpec): Value[] {
		const known = this.values.get(spec.name)
		if (known) return known
		const { batch } = this
		const column = batch.features.get(spec.name)
		const values =
			spec.name === '$score'
				? Array.from(batch.scores, (score) => (Number.isNaN(score) ? undefined : score))
				: spec.name === '$decision'
					? Array.from(this.all, (r) => this.decisionAt(r))
					: Array.from(this.all, (r) => valueAt(spec, column, r, batch.strings))
		this.values.set(spec.name, values)
		return values
	}

	/** The place of each row in a dimension; undefined where it is unknown. */
	placesOf(dimension: Dimension): (string | undefined)[] {
		const { batch } = this
		if ('segment' in dimension) {
			const column = batch.segments.get(dimension.segment)
			return Array.from(this.all, (r) => textOf(column, r, batch.strings))
		}
		const column = batch.features.get(dimension.attribute)
		return Array.from(this.all, (r) => {
			const group = groupAt(column, r, batch.strings, dimension.edges)
			return group === missingGroup ? undefined : groupName(dimension.attribute, group)
		})
	}

	private decisionAt(row: number): string | undefined {
		const { labels, scores, strings } = this.batch
		return textOf(labels, row, strings) ?? decisionOf(scores[row] as number, this.model)
	}
}

const textOf = (column: Column | undefined, row: number, strings: readonly string[]): string | undefined => {
	const kind = column?.kinds[row] ?? cellKind.absent
	return column && categoryOf(kind, column.nums[row] as number, strings)
}

/** Rows of one window, and the dimensions that split them. */
export type WindowSource = {
	model: ModelRow
	rows: WindowRows
	reference: Reference
	dimensions: Dimension[]
}

/** An alert's window (`after`) beside the traffic just before it began, and the baseline. */
export type Comparison = Omit<WindowSource, 'rows'> & { after: WindowRows; before: WindowRows | undefined }

type AlertWindow = Pick<AlertRow, 'model' | 'version' | 'environment' | 'firedFrom' | 'firedTo'>

/** The dimension of a change's place. */
export const dimensionOf = (
	dimensions: readonly Dimension[],
	{ segment, group }: Pick<IncidentChange, 'segment' | 'group'>,
): Dimension | undefined =>
	dimensions.find((d) =>
		'segment' in d ? d.segment === segment?.name : group?.startsWith(`${d.attribute}=`) === true,
	)

async function sample(
	context: Context,
	{ model, version, environment }: AlertWindow,
	reference: Reference,
	row: ModelRow,
	from: number,
	to: number,
): Promise<WindowRows | undefined> {
	const limit = Math.min(maxRows, Math.floor(maxCells / Math.max(1, reference.columns.length)))
	const { batch } = await sampleRows(context, { model, version, environment, from, to }, limit, maxScanned)
	return batch && new WindowRows(batch, row)
}

/** A sample of the rows of an alert's window; undefined when it has none. */
export async function readWindowRows(
	context: Context,
	alert: AlertWindow,
): Promise<WindowSource | undefined> {
	const { firedFrom, firedTo } = alert
	const model = await findModel(context, alert.model)
	const reference = await currentReference(context, model.name, alert.version)
	// The end of a long window shows best what is true now.
	const from = await latestPart(context, alert, Math.max(firedFrom, firedTo - dayMs), reference)
	const rows = await sample(context, alert, reference, model, from, firedTo)
	const dimensions: Dimension[] = [
		...model.segments.map((segment) => ({ segment })),
		...model.sensitive.flatMap((attribute) => {
			const column = reference.columns.find((c) => c.bins.name === attribute)?.bins
			return column ? [{ attribute, edges: edgesOf(model.bands, attribute, column) }] : []
		}),
	]
	return rows && { model, rows, reference, dimensions }
}

/** Reads the rows of an alert's window and those just before. Throws RangeError when the window has none. */
export async function readComparison(
	context: Context,
	alert: AlertWindow & Pick<AlertRow, 'began'>,
): Promise<Comparison> {
	const window = await readWindowRows(context, alert)
	if (!window) throw new RangeError('the window no longer has rows')
	const { rows: after, ...rest } = window
	const { began } = alert
	const read = (from: number) => sample(context, alert, rest.reference, rest.model, from, began)
	const dayBefore = await read(began - dayMs)
	const isEnough = (dayBefore?.batch.rows ?? 0) >= enoughRows
	return { ...rest, after, before: isEnough ? dayBefore : await read(began - weekMs) }
}

/** The time from which a window is read: with a lot of traffic only its end. */
async function latestPart(
	context: Context,
	{ model, version, environment, firedTo }: AlertWindow,
	from: number,
	{ bins }: Reference,
): Promise<number> {
	const all = (await context.log.series(model)).find(
		(s) => s.version === version && s.environment === environment && s.segment === '',
	)
	const rows = all ? ((await context.log.inputs(all.id, bins, from, firedTo))?.rows ?? 0) : 0
	return rows <= maxScanned ? from : Math.floor(firedTo - ((firedTo - from) * maxScanned) / rows)
}

/** One feature in a set of rows: how many are missing or of another type, and the values of the others. */
export type Side = {
	rows: number
	missing: number
	wrong: number
	/** Ascending. */
	numbers: Float64Array
	categories: ReadonlyMap<string, number>
	/** Rows with categories that the baseline did not keep by name. */
	unnamed: number
}

export function sideOf(values: readonly Value[], rows: Iterable<number>): Side {
	let [count, missing, wrongTypes] = [0, 0, 0]
	const numbers: number[] = []
	const categories = new Map<string, number>()
	for (const row of rows) {
		const value = values[row]
		count++
		if (value === undefined) missing++
		else if (value === wrong) wrongTypes++
		else if (typeof value === 'number') numbers.push(value)
		else categories.set(value, (categories.get(value) ?? 0) + 1)
	}
	return {
		rows: count,
		missing,
		wrong: wrongTypes,
		numbers: Float64Array.from(numbers).sort(),
		categories,
		unnamed: 0,
	}
}

const maxPoints = 1000

/** The baseline's side. Numbers are taken at equal shares of the stored distribution. */
export function referenceSide(column: ReferenceColumn): Side {
	const { bins, counts } = column
	const cells = binCount(bins)
	const at = (cell: number) => counts[cell] ?? 0
	return {
		rows: total(counts),
		missing: at(missingBin(cells)),
		wrong: at(typeErrorBin(cells)),
		numbers: bins.kind === 'numeric' ? pointsOf(column, cells) : new Float64Array(),
		categories:
			bins.kind === 'categorical'
				? new Map(bins.values.map((value, cell) => [value, at(cell)]))
				: new Map<string, number>(),
		unnamed: at(unseenBin(cells)),
	}
}

/** Rows are taken as evenly spread within a bin, unless each value has a bin of its own. */
function pointsOf({ bins, counts, borders }: ReferenceColumn, cells: number): Float64Array {
	const proper = counts.subarray(0, unseenBin(cells))
	const rows = total(proper)
	if (rows === 0 || borders.length === 0) return new Float64Array()
	const hasPoints = bins.kind === 'numeric' && bins.points === true
	const points = Math.min(maxPoints, rows)
	let [cell, before] = [0, 0]
	return Float64Array.from({ length: points }, (_, i) => {
		const rank = ((i + 0.5) / points) * rows
		while (cell < cells - 1 && before + (proper[cell] ?? 0) < rank) before += proper[cell++] ?? 0
		const [low = 0, high = low] = [borders[cell], borders[cell + 1]]
		return hasPoints ? high : low + ((rank - before) / Math.max(1, proper[cell] ?? 0)) * (high - low)
	})
}
