import type { Context } from '../../context.ts'
import { dayMs, weekMs } from '../../core/time.ts'
import type { IncidentChange } from '../../db/schema.ts'
import type { Reference } from '../../metrics/reference.ts'
import { type Value, valueAt } from '../../monitoring/segments/feature-cells.ts'
import { groupName } from '../../monitoring/windows/outcomes/measure-outcomes.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import { sampleRows } from '../../registry/version/sample-rows.ts'
import { decisionOf } from '../../summaries/inputs/accumulate.ts'
import { categoryOf } from '../../summaries/inputs/bin-of.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { type Column, cellKind, type RowBatch } from '../../summaries/inputs/columns.ts'
import { edgesOf } from '../../summaries/outcomes/bands.ts'
import { groupAt, missingGroup } from '../../summaries/outcomes/make-join-index.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'

/** Rows that are looked at on either side; with very many features fewer, so that memory is bounded. */
const maxRows = 20_000
const maxCells = 2_000_000
const maxScanned = 200_000
/** With fewer rows on the day before, the week before is looked at. */
const enoughRows = 1000

/** Where rows can differ: the values of a declared segment, or the groups of a sensitive attribute. */
export type Dimension = { segment: string } | { attribute: string; edges: readonly number[] | undefined }

/** Rows of a window, by their features, answers, segments and groups. */
export class WindowRows {
	readonly batch: RowBatch
	/** Those that came with features. */
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

	/** What each row is called in a dimension; undefined where that is not known. */
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

/** Rows of one window, and what they can be told apart by. */
export type WindowSource = {
	model: ModelRow
	rows: WindowRows
	reference: Reference
	dimensions: Dimension[]
}

/** What an alert's window is compared with: the traffic just before it began, and the baseline. */
export type Comparison = Omit<WindowSource, 'rows'> & { after: WindowRows; before: WindowRows | undefined }

type AlertWindow = Pick<AlertRow, 'model' | 'version' | 'environment' | 'firedFrom' | 'firedTo'>

/** The dimension that a change names its place in. */
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
	const most = Math.min(maxRows, Math.floor(maxCells / Math.max(1, reference.columns.length)))
	const { batch } = await sampleRows(context, { model, version, environment, from, to }, most, maxScanned)
	return batch && new WindowRows(batch, row)
}

/** The rows of an alert's window, as many as are needed; undefined when it has none. */
export async function readWindowRows(
	context: Context,
	alert: AlertWindow,
): Promise<WindowSource | undefined> {
	const { firedFrom, firedTo } = alert
	const model = await findModel(context, alert.model)
	const reference = await currentReference(context, model.name, alert.version)
	// The end of a long window shows best what it is like now.
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

/** Reads the rows behind an alert, and those just before. Throws RangeError when its window has none. */
export async function readComparison(
	context: Context,
	alert: AlertWindow & Pick<AlertRow, 'began'>,
): Promise<Comparison> {
	const window = await readWindowRows(context, alert)
	if (!window) throw new RangeError('the window has no rows any more')
	const { rows: after, ...rest } = window
	const { began } = alert
	const read = (from: number) => sample(context, alert, rest.reference, rest.model, from, began)
	const dayBefore = await read(began - dayMs)
	const isEnough = (dayBefore?.batch.rows ?? 0) >= enoughRows
	return { ...rest, after, before: isEnough ? dayBefore : await read(began - weekMs) }
}

/** From when on a window is read: of very much traffic only the end, whose rows can be read. */
async function latestPart(
	context: Context,
	{ model, version, environment, firedTo }: AlertWindow,
	from: number,
	{ bins }: Reference,
): Promise<number> {
	const all = (await context.log.series(model)).find(
		(s) => s.version === version && s.environment === environment && s.segment === '',
	)
	const rows = all ? ((await context.log.inputSummary(all.id, bins, from, firedTo))?.rows ?? 0) : 0
	return rows <= maxScanned ? from : Math.floor(firedTo - ((firedTo - from) * maxScanned) / rows)
}
