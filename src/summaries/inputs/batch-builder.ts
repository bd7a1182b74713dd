import { exactJson } from '../../core/exact-json.ts'
import { type Column, cellKind, type RowBatch } from './columns.ts'

/** One row of a shape that has been validated. Absent members are undefined. */
export type RowInput = {
	id: string
	timestamp: number
	version?: string | undefined
	environment?: string | undefined
	subject?: string | undefined
	features?: Record<string, unknown> | undefined
	score?: number | undefined
	label?: unknown
	latencyMs?: number | undefined
	/** JSON text of the other members, which are stored as they are. */
	extra?: string | undefined
	segment?: Record<string, unknown> | undefined
}

/** Initial cells of a new column: one row may add thousands of columns. */
const firstCells = 16
const bytesPerCell = 9
/** A batch with more columns is full: two rows with many features reach this. */
const maxColumns = 4000
/** A batch with more columns puts them in shared buffers: each buffer costs time when a batch goes to another thread. */
const manyColumns = 256
const bytesPerText = 64
const bytesPerRow = 128

class ColumnBuilder {
	kinds: Uint8Array
	nums: Float64Array

	constructor(capacity: number) {
		this.kinds = new Uint8Array(capacity)
		this.nums = new Float64Array(capacity)
	}

	/** Makes room for a cell; returns the number of cells added. */
	grow(row: number, max: number): number {
		const { length } = this.kinds
		const cells = Math.min(max, Math.max(2 * length, row + firstCells))
		const [kinds, nums] = [new Uint8Array(cells), new Float64Array(cells)]
		kinds.set(this.kinds)
		nums.set(this.nums)
		this.kinds = kinds
		this.nums = nums
		return cells - length
	}

	take(rows: number): Column {
		if (rows > this.kinds.length) this.grow(rows, rows)
		return rows === this.kinds.length
			? { kinds: this.kinds, nums: this.nums }
			: { kinds: this.kinds.slice(0, rows), nums: this.nums.slice(0, rows) }
	}
}

function inOneBuffer(columns: ReadonlyMap<string, ColumnBuilder>, rows: number): Map<string, Column> {
	const kinds = new Uint8Array(columns.size * rows)
	const nums = new Float64Array(columns.size * rows)
	const views = new Map<string, Column>()
	for (const [name, column] of columns) {
		const from = views.size * rows
		kinds.set(column.kinds.subarray(0, rows), from)
		nums.set(column.nums.subarray(0, rows), from)
		views.set(name, { kinds: kinds.subarray(from, from + rows), nums: nums.subarray(from, from + rows) })
	}
	return views
}

/** Collects rows into columns, at most `capacity` rows. */
export class BatchBuilder {
	/** Approximate size in memory. */
	bytes = 0
	private rows = 0
	private readonly capacity: number
	private readonly strings: string[] = []
	private readonly indexes = new Map<string, number>()
	private readonly ids: string[] = []
	private readonly timestamps: Float64Array
	private readonly versions: Int32Array
	private readonly environments: Int32Array
	private readonly subjects: Int32Array
	private readonly hasFeatures: Uint8Array
	private readonly scores: Float64Array
	private readonly latencies: Float64Array
	private readonly extras: Int32Array
	private readonly labels: ColumnBuilder
	private readonly features = new Map<string, ColumnBuilder>()
	/** The features of the previous row by position: one client usually names them in one order. */
	private readonly inOrder: { name: string; column: ColumnBuilder }[] = []
	private readonly segments = new Map<string, ColumnBuilder>()

	constructor(capacity: number) {
		this.capacity = capacity
		this.timestamps = new Float64Array(capacity)
		this.versions = new Int32Array(capacity).fill(-1)
		this.environments = new Int32Array(capacity).fill(-1)
		this.subjects = new Int32Array(capacity).fill(-1)
		this.hasFeatures = new Uint8Array(capacity)
		this.scores = new Float64Array(capacity).fill(Number.NaN)
		this.latencies = new Float64Array(capacity).fill(Number.NaN)
		this.extras = new Int32Array(capacity).fill(-1)
		this.labels = new ColumnBuilder(capacity)
	}

	get length(): number {
		return this.rows
	}

	get full(): boolean {
		return this.rows === this.capacity || this.features.size > maxColumns
	}

	private intern(text: string | undefined): number {
		if (text === undefined) return -1
		let index = this.indexes.get(text)
		if (index === undefined) {
			index = this.strings.push(text) - 1
			this.indexes.set(text, index)
			this.bytes += text.length + bytesPerText
		}
		return index
	}

	private set(column: ColumnBuilder, row: number, value: unknown): void {
		if (row >= column.kinds.length) this.bytes += bytesPerCell * column.grow(row, this.capacity)
		switch (typeof value) {
			case 'number':
				column.kinds[row] = cellKind.number
				column.nums[row] = value + 0 // -0 and 0 are one value
				return
			case 'string':
				column.kinds[row] = cellKind.string
				column.nums[row] = this.intern(value.isWellFormed() ? value : value.toWellFormed())
				return
			case 'boolean':
				column.kinds[row] = cellKind.boolean
				column.nums[row] = value ? 1 : 0
				return
			case 'undefined':
				return
			default:
				column.kinds[row] = value === null ? cellKind.null : cellKind.json
				if (value !== null) column.nums[row] = this.intern(exactJson(value).toWellFormed())
		}
	}

	private columnOf(columns: Map<string, ColumnBuilder>, name: string): ColumnBuilder {
		let column = columns.get(name)
		if (column === undefined) {
			column = new ColumnBuilder(0)
			columns.set(name.toWellFormed(), column)
			this.bytes += name.length + bytesPerText
		}
		return column
	}

	/** Adds a row and returns its index. */
	add(row: RowInput): number {
		const at = this.rows++
		this.ids.push(row.id)
		this.bytes += row.id.length + bytesPerRow
		this.timestamps[at] = row.timestamp
		this.versions[at] = this.intern(row.version)
		this.environments[at] = this.intern(row.environment)
		this.subjects[at] = this.intern(row.subject)
		if (row.score !== undefined) this.scores[at] = row.score + 0
		if (row.latencyMs !== undefined) this.latencies[at] = row.latencyMs
		this.extras[at] = this.intern(row.extra)
		this.set(this.labels, at, row.label)
		const { features, segment } = row
		if (features !== undefined) {
			this.hasFeatures[at] = 1
			let position = 0
			for (const name in features) {
				let next = this.inOrder[position]
				if (next?.name !== name) {
					next = { name, column: this.columnOf(this.features, name) }
					this.inOrder[position] = next
				}
				this.set(next.column, at, features[name])
				position++
			}
		}
		if (segment !== undefined)
			for (const name in segment) this.set(this.columnOf(this.segments, name), at, segment[name])
		return at
	}

	/** The batch. The builder must not be used afterwards. */
	finish(): RowBatch {
		const n = this.rows
		const columns = (map: Map<string, ColumnBuilder>) =>
			map.size > manyColumns ? inOneBuffer(map, n) : new Map([...map].map(([name, c]) => [name, c.take(n)]))
		const cut = <T extends Float64Array | Int32Array | Uint8Array>(a: T): T =>
			(n === this.capacity ? a : a.slice(0, n)) as T
		return {
			rows: n,
			strings: this.strings,
			ids: this.ids,
			timestamps: cut(this.timestamps),
			versions: cut(this.versions),
			environments: cut(this.environments),
			subjects: cut(this.subjects),
			hasFeatures: cut(this.hasFeatures),
			scores: cut(this.scores),
			latencies: cut(this.latencies),
			extras: cut(this.extras),
			labels: this.labels.take(n),
			features: columns(this.features),
			segments: columns(this.segments),
		}
	}
}
