import { type Column, cellKind, type RowBatch } from './columns.ts'

const pick = <T extends Float64Array | Int32Array | Uint8Array>(from: T, rows: Int32Array): T => {
	// Data from a file may be a Buffer, whose constructor is deprecated.
	const make = (from instanceof Uint8Array ? Uint8Array : from.constructor) as new (n: number) => T
	const to = new make(rows.length)
	for (let i = 0; i < rows.length; i++) to[i] = from[rows[i] as number] as number
	return to
}

const pickColumns = (columns: Map<string, Column>, rows: Int32Array) =>
	new Map([...columns].map(([name, c]) => [name, { kinds: pick(c.kinds, rows), nums: pick(c.nums, rows) }]))

/** The chosen rows, in that order. Texts are shared with the source. */
export const selectRows = (batch: RowBatch, rows: Int32Array): RowBatch => ({
	rows: rows.length,
	strings: batch.strings,
	ids: Array.from(rows, (r) => batch.ids[r] as string),
	timestamps: pick(batch.timestamps, rows),
	versions: pick(batch.versions, rows),
	environments: pick(batch.environments, rows),
	subjects: pick(batch.subjects, rows),
	hasFeatures: pick(batch.hasFeatures, rows),
	scores: pick(batch.scores, rows),
	latencies: pick(batch.latencies, rows),
	extras: pick(batch.extras, rows),
	labels: { kinds: pick(batch.labels.kinds, rows), nums: pick(batch.labels.nums, rows) },
	features: pickColumns(batch.features, rows),
	segments: pickColumns(batch.segments, rows),
	...(batch.keys ? { keys: Array.from(rows, (r) => batch.keys?.[r] ?? '') } : {}),
	...(batch.sealed ? { sealed: Array.from(rows, (r) => batch.sealed?.[r] ?? new Uint8Array()) } : {}),
})

/** A joined batch up to this size may have any share of empty cells. */
const smallCells = 100_000

/** The size of a joined batch as batches are added. */
export class Join {
	private readonly names = new Set<string>()
	private rows = 0
	private cells = 0

	/** Adds a batch unless more than half of a large joined batch would be empty cells. */
	takes(batch: RowBatch): boolean {
		const columns = [...batch.features.keys(), ...batch.segments.keys()]
		let count = this.names.size
		for (const name of columns) if (!this.names.has(name)) count++
		const rows = this.rows + batch.rows
		const cells = this.cells + batch.rows * columns.length
		if (this.rows > 0 && count * rows > Math.max(smallCells, 2 * cells)) return false
		for (const name of columns) this.names.add(name)
		this.rows = rows
		this.cells = cells
		return true
	}
}

/**
 * Splits items into runs whose batches can be joined. A column has a cell for every row of its batch: if each row had
 * different features, memory would grow with the square of the rows.
 */
export function joinable<T>(items: readonly T[], batchOf: (item: T) => RowBatch): T[][] {
	const runs: T[][] = []
	let join = new Join()
	for (const item of items) {
		const run = runs.at(-1)
		if (run && join.takes(batchOf(item))) {
			run.push(item)
			continue
		}
		join = new Join()
		join.takes(batchOf(item))
		runs.push([item])
	}
	return runs
}

/** Joins `joinable` batches in order, so that many small posts become one chunk. */
export function concatBatches(batches: readonly RowBatch[]): RowBatch {
	if (batches.length === 1) return batches[0] as RowBatch
	const rows = batches.reduce((sum, b) => sum + b.rows, 0)
	const strings: string[] = []
	const indexes = new Map<string, number>()
	const intern = (text: string): number => {
		const known = indexes.get(text)
		if (known !== undefined) return known
		indexes.set(text, strings.length)
		return strings.push(text) - 1
	}
	const texts = (member: 'versions' | 'environments' | 'subjects' | 'extras'): Int32Array => {
		const to = new Int32Array(rows)
		let at = 0
		for (const b of batches)
			for (const i of b[member]) to[at++] = i === -1 ? -1 : intern(b.strings[i] as string)
		return to
	}
	const numbers = (member: 'timestamps' | 'scores' | 'latencies'): Float64Array => {
		const to = new Float64Array(rows)
		let at = 0
		for (const b of batches) {
			to.set(b[member], at)
			at += b.rows
		}
		return to
	}
	const columns = (get: (b: RowBatch) => Map<string, Column>): Map<string, Column> => {
		const all = new Map<string, Column>()
		let at = 0
		for (const b of batches) {
			for (const [name, column] of get(b)) {
				let to = all.get(name)
				if (!to) {
					to = { kinds: new Uint8Array(rows), nums: new Float64Array(rows) }
					all.set(name, to)
				}
				copyCells(column, to, at, (i) => intern(b.strings[i] as string))
			}
			at += b.rows
		}
		return all
	}
	const hasFeatures = new Uint8Array(rows)
	let at = 0
	for (const b of batches) {
		hasFeatures.set(b.hasFeatures, at)
		at += b.rows
	}
	return {
		rows,
		strings,
		ids: batches.flatMap((b) => b.ids),
		timestamps: numbers('timestamps'),
		versions: texts('versions'),
		environments: texts('environments'),
		subjects: texts('subjects'),
		hasFeatures,
		scores: numbers('scores'),
		latencies: numbers('latencies'),
		extras: texts('extras'),
		labels: columns((b) => new Map([['', b.labels]])).get('') as Column,
		features: columns((b) => b.features),
		segments: columns((b) => b.segments),
		...(batches.some((b) => b.keys)
			? { keys: batches.flatMap((b) => b.keys ?? new Array(b.rows).fill('')) }
			: {}),
		...(batches.some((b) => b.sealed)
			? { sealed: batches.flatMap((b) => b.sealed ?? Array.from({ length: b.rows }, () => new Uint8Array())) }
			: {}),
	}
}

function copyCells(from: Column, to: Column, at: number, intern: (index: number) => number): void {
	for (let r = 0; r < from.kinds.length; r++) {
		const kind = from.kinds[r] as number
		to.kinds[at + r] = kind
		const isText = kind === cellKind.string || kind === cellKind.json
		to.nums[at + r] = isText ? intern(from.nums[r] as number) : (from.nums[r] as number)
	}
}

const cellText = (column: Column | undefined, row: number, strings: readonly string[]): string | number => {
	const kind = column?.kinds[row] ?? cellKind.absent
	const num = column?.nums[row] ?? 0
	if (kind === cellKind.string || kind === cellKind.json) return `${kind}:${strings[num]}`
	return kind === cellKind.absent || kind === cellKind.null ? `${kind}` : `${kind}=${num}`
}

const textAt = (strings: readonly string[], index: number) => (index === -1 ? undefined : strings[index])

const sameColumns = (
	a: Map<string, Column>,
	aStrings: string[],
	i: number,
	b: Map<string, Column>,
	bStrings: string[],
	j: number,
) => {
	for (const [name, column] of a) {
		if (cellText(column, i, aStrings) !== cellText(b.get(name), j, bStrings)) return false
	}
	for (const [name, column] of b) {
		if (!a.has(name) && column.kinds[j] !== cellKind.absent) return false
	}
	return true
}

/** Whether two rows have equal content, in any order of members. */
export function sameRow(a: RowBatch, i: number, b: RowBatch, j: number): boolean {
	return (
		a.ids[i] === b.ids[j] &&
		a.timestamps[i] === b.timestamps[j] &&
		Object.is(a.scores[i], b.scores[j]) &&
		Object.is(a.latencies[i], b.latencies[j]) &&
		a.hasFeatures[i] === b.hasFeatures[j] &&
		(['versions', 'environments', 'subjects', 'extras'] as const).every(
			(m) => textAt(a.strings, a[m][i] as number) === textAt(b.strings, b[m][j] as number),
		) &&
		cellText(a.labels, i, a.strings) === cellText(b.labels, j, b.strings) &&
		sameColumns(a.features, a.strings, i, b.features, b.strings, j) &&
		sameColumns(a.segments, a.strings, i, b.segments, b.strings, j)
	)
}
