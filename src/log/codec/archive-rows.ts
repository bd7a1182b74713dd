import { fromBase64 } from '../../core/bytes.ts'
import { BatchBuilder } from '../../summaries/inputs/batch-builder.ts'
import { type Column, cellKind, cellValue, type RowBatch } from '../../summaries/inputs/columns.ts'

/** A column of an archive file: typed where all cells have one type, otherwise JSON text, so that any Parquet reader can read it. */
export type ArchiveColumn = {
	name: string
	type: 'DOUBLE' | 'STRING' | 'BOOLEAN' | 'JSON' | 'INT64'
	data: unknown[]
}

/** The file metadata that lists the columns of JSON text. */
export const jsonColumnsKey = 'plumbline.json_columns'

const featurePrefix = 'feature.'
const segmentPrefix = 'segment.'

const typeOfKind: Record<number, ArchiveColumn['type']> = {
	[cellKind.number]: 'DOUBLE',
	[cellKind.string]: 'STRING',
	[cellKind.boolean]: 'BOOLEAN',
}

/** A column of cells. One with null cells is written as JSON text, which distinguishes them from absent ones. */
function cellsColumn(name: string, column: Column, strings: readonly string[]): ArchiveColumn {
	const kinds = new Set(column.kinds)
	const values = [...kinds].filter((k) => k !== cellKind.absent && k !== cellKind.null)
	const type = values.length === 1 ? typeOfKind[values[0] as number] : undefined
	const isTyped = type !== undefined && !kinds.has(cellKind.null) && column.nums.every(Number.isFinite)
	const data = Array.from(column.kinds, (_, r) => {
		const value = cellValue(column, r, strings)
		if (isTyped) return value ?? null
		if (value === undefined) return null
		return Number.isFinite(column.nums[r]) ? JSON.stringify(value) : `"${value}"`
	})
	return { name, type: isTyped ? type : 'JSON', data }
}

const texts = (
	batch: RowBatch,
	member: 'versions' | 'environments' | 'subjects' | 'extras',
): (string | null)[] => Array.from(batch[member], (i) => (i === -1 ? null : (batch.strings[i] as string)))

const numbers = (values: Float64Array): (number | null)[] =>
	Array.from(values, (v) => (Number.isNaN(v) ? null : v))

export function toArchive(batch: RowBatch): ArchiveColumn[] {
	return [
		{ name: 'id', type: 'STRING', data: batch.ids },
		{ name: 'timestamp', type: 'DOUBLE', data: [...batch.timestamps] },
		{ name: 'version', type: 'STRING', data: texts(batch, 'versions') },
		{ name: 'environment', type: 'STRING', data: texts(batch, 'environments') },
		{ name: 'subject', type: 'STRING', data: texts(batch, 'subjects') },
		{ name: 'extra', type: 'STRING', data: texts(batch, 'extras') },
		{ name: 'score', type: 'DOUBLE', data: numbers(batch.scores) },
		{ name: 'latencyMs', type: 'DOUBLE', data: numbers(batch.latencies) },
		{ name: 'hasFeatures', type: 'BOOLEAN', data: Array.from(batch.hasFeatures, (v) => v === 1) },
		cellsColumn('label', batch.labels, batch.strings),
		...[...batch.features].map(([name, c]) => cellsColumn(featurePrefix + name, c, batch.strings)),
		...[...batch.segments].map(([name, c]) => cellsColumn(segmentPrefix + name, c, batch.strings)),
		...encryptedColumns(batch),
	]
}

function base64Of(bytes: Uint8Array): string {
	let text = ''
	for (const byte of bytes) text += String.fromCharCode(byte)
	return btoa(text)
}

/** The rows of encrypted models have these instead of values. */
function encryptedColumns({ keys, sealed }: RowBatch): ArchiveColumn[] {
	if (!keys || !sealed) return []
	return [
		{ name: 'key', type: 'STRING', data: keys.map((key) => (key === '' ? null : key)) },
		{
			name: 'encrypted',
			type: 'STRING',
			data: sealed.map((bytes) => (bytes.length === 0 ? null : base64Of(bytes))),
		},
	]
}

function encryptedOf(rows: readonly Row[]): Pick<RowBatch, 'keys' | 'sealed'> {
	if (!rows.some((row) => typeof row.key === 'string')) return {}
	return {
		keys: rows.map((row) => (row.key as string | null) ?? ''),
		sealed: rows.map((row) => fromBase64((row.encrypted as string | null) ?? '') ?? new Uint8Array()),
	}
}

type Row = Record<string, unknown>

const infinities: Record<string, number> = {
	'"Infinity"': Number.POSITIVE_INFINITY,
	'"-Infinity"': Number.NEGATIVE_INFINITY,
}

/** The value of an archived cell; undefined when it was absent. `json`: the column holds JSON text. */
function valueOf(cell: unknown, json: boolean): unknown {
	if (cell === null || cell === undefined) return undefined
	return json ? (infinities[cell as string] ?? JSON.parse(cell as string)) : cell
}

function record(row: Row, prefix: string, json: ReadonlySet<string>): Record<string, unknown> {
	const values: Record<string, unknown> = Object.create(null)
	for (const name in row)
		if (name.startsWith(prefix)) values[name.slice(prefix.length)] = valueOf(row[name], json.has(name))
	return values
}

const text = (value: unknown) => (value === null ? undefined : (value as string))

/** The rows of an archive file as they were stored. */
export function fromArchive(rows: readonly Row[], json: ReadonlySet<string>): RowBatch {
	const builder = new BatchBuilder(rows.length)
	for (const row of rows) {
		const segment = record(row, segmentPrefix, json)
		builder.add({
			id: row.id as string,
			timestamp: row.timestamp as number,
			version: text(row.version),
			environment: text(row.environment),
			subject: text(row.subject),
			extra: text(row.extra),
			score: (row.score as number | null) ?? undefined,
			latencyMs: (row.latencyMs as number | null) ?? undefined,
			label: valueOf(row.label, json.has('label')),
			features: row.hasFeatures === true ? record(row, featurePrefix, json) : undefined,
			segment: Object.keys(segment).length > 0 ? segment : undefined,
		})
	}
	return { ...builder.finish(), ...encryptedOf(rows) }
}
