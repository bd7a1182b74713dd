import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { AppError } from '../core/errors.ts'
import { exactJson } from '../core/exact-json.ts'
import { defaultLimits } from '../core/limits.ts'
import { openParquetInThread } from '../platform/node/parquet.ts'
import type { FeatureSpec } from '../summaries/inputs/bins.ts'
import { type ParsedRow, parseRows } from '../tables/json-rows.ts'
import { csvRows, parquetRows, type TableSpec } from '../tables/read-rows.ts'
import { callWithRetries } from './api.ts'
import {
	type Command,
	listOption,
	type Parsed,
	requireOption,
	requirePositional,
	type Terminal,
	textOption,
	UsageError,
} from './command.ts'
import { type InputFile, inputFile, plainBytes } from './data-file.ts'
import { mappingHints, mapRow, readMapping, requireColumns } from './map-row.ts'
import { Progress } from './progress.ts'

const kinds = ['predictions', 'features', 'outcomes', 'groups']
const batchRows = 1000

type Declared = { features: FeatureSpec[]; segments: string[]; sensitive: string[] }

/** What the model and its version declare, such as which cells are numbers. Empty if the key may not read. */
async function declared(terminal: Terminal, model: string, version: string | undefined): Promise<Declared> {
	const at = `/v1/models/${encodeURIComponent(model)}`
	const read = async (path: string) => {
		const { status, body } = await callWithRetries(terminal, 'GET', path, { allow: [403] })
		return status === 403 ? undefined : body
	}
	const known = (await read(at)) as { segments: string[]; sensitive: string[] } | undefined
	const { segments = [], sensitive = [] } = known ?? {}
	if (version === undefined || !known) return { features: [], segments, sensitive }
	const { items } = (await read(`${at}/versions?limit=1000`)) as {
		items: { version: string; features: FeatureSpec[] }[]
	}
	return { features: items.find((v) => v.version === version)?.features ?? [], segments, sensitive }
}

function rowsOf(
	file: InputFile,
	table: TableSpec,
	onBytes: (read: number) => void,
): AsyncIterable<ParsedRow[]> {
	const stream = plainBytes(file, onBytes)
	if (file.format === 'csv') return csvRows(stream, defaultLimits.lineBytes, table)
	if (file.format === 'parquet') return parquetRows(stream, defaultLimits, table, openParquetInThread())
	return parseRows({ format: 'ndjson', stream }, defaultLimits)
}

/** A row as JSON, with all digits of long integers. */
function lineOf(row: unknown): string {
	try {
		return JSON.stringify(row)
	} catch {
		return exactJson(row)
	}
}

/** The progress of an earlier run of the same command: rows of the same file that the service has confirmed. */
class Resume {
	private readonly path: string
	private readonly stamp: string

	constructor(file: InputFile, target: string) {
		this.path = `${file.path}.plumbline-sent`
		this.stamp = `${target} ${file.stamp}`
	}

	async rows(): Promise<number> {
		// Without a readable state all rows are sent: stored ones count as duplicates.
		const state = await readFile(this.path, 'utf8')
			.then(JSON.parse)
			.catch(() => undefined)
		return state?.stamp === this.stamp && Number.isSafeInteger(state.rows) ? state.rows : 0
	}

	/** Atomic: an interrupted run leaves the previous state. */
	async save(rows: number): Promise<void> {
		await writeFile(`${this.path}.part`, JSON.stringify({ stamp: this.stamp, rows }))
		await rename(`${this.path}.part`, this.path)
	}

	async done(): Promise<void> {
		for (const path of [this.path, `${this.path}.part`]) await rm(path, { force: true })
	}
}

async function sendFile(terminal: Terminal, args: Parsed, model: string, kind: string): Promise<Sender> {
	const file = await inputFile(requireOption(args, 'from'))
	const version = textOption(args, 'version')
	const mapping = readMapping({
		map: listOption(args, 'map'),
		ignore: listOption(args, 'ignore'),
		version,
		environment: textOption(args, 'environment'),
		kind,
		table: file.format !== 'ndjson',
	})
	const known = await declared(terminal, model, version)
	const features = kind === 'outcomes' ? [] : known.features
	const segments = kind === 'predictions' ? known.segments : []
	const names = { features: features.map((f) => f.name), segments, sensitive: known.sensitive }
	const path = `/v1/models/${encodeURIComponent(model)}/${kind}`
	const resume = new Resume(file, `${terminal.config.PLUMBLINE_URL}${path}`)
	const skip = args.values.restart ? 0 : await resume.rows()
	if (skip > 0)
		terminal.err(
			`Continuing after row ${skip}, where the last run stopped (--restart sends all rows again).\n`,
		)
	const progress = new Progress(terminal, file.bytes)
	const sender = new Sender(terminal, path)
	let read = 0
	let bytes = 0
	let batch: { index: number; line: string }[] = []
	const flush = async () => {
		await sender.send(batch)
		await resume.save(read)
		batch = []
		progress.update(bytes, read)
	}
	const table: TableSpec = {
		features,
		limit: defaultLimits.featuresPerRow,
		fieldOf: (column) => mapping.renames.find((rename) => rename.column === column)?.field ?? column,
		...(kind === 'groups' ? { others: { type: 'text' } } : {}),
	}
	const rows = rowsOf(file, table, (n) => {
		bytes = n
	})
	for await (const some of rows) {
		for (const row of some) {
			if (read++ === 0 && 'value' in row) {
				requireColumns(mapping, row.value)
				for (const hint of mappingHints(mapping, row.value, names)) terminal.err(`Note: ${hint}\n`)
			}
			if (read <= skip) continue
			if ('error' in row) sender.rejectHere(row.index, row.error, row.message)
			else batch.push({ index: row.index, line: lineOf(mapRow(mapping, row.value)) })
			if (batch.length === batchRows) await flush()
		}
	}
	if (batch.length > 0) await flush()
	progress.end()
	await resume.done()
	return sender
}

export const send: Command = {
	help: `Usage: plumbline send MODEL --from FILE [options]

Sends the rows of a file in batches of a thousand, and prints how many were accepted and rejected. An interrupted run
continues where it stopped; stored rows count as duplicates, so nothing is stored twice. Retries while the service is busy
or unreachable.

In CSV and Parquet a column is a feature, unless its name is predictionId, timestamp, version, score, label, subject,
latencyMs, environment, actual, observed or segment.<name>.

  --from FILE           .csv, .ndjson or .parquet, also .gz
  --kind KIND           predictions (default), features or outcomes
  --version V           the version of rows without one
  --environment E       the environment of rows without one (default production)
  --map COLUMN=FIELD    use a column as another field: predictionId, timestamp, score, segment.branch, features.age, …;
                        can be repeated
  --ignore COLUMN       leave a column out; can be repeated
  --restart             send all rows, also those of an earlier run
  --json                for machines

Exit code: 0 all rows are stored, 1 some were rejected, 2 failure.

Example: plumbline send credit-risk --version 7 --from march.csv.gz --map ID=predictionId --map scored_at=timestamp
`,
	options: {
		from: { type: 'string' },
		kind: { type: 'string' },
		version: { type: 'string' },
		environment: { type: 'string' },
		map: { type: 'string', multiple: true },
		ignore: { type: 'string', multiple: true },
		restart: { type: 'boolean' },
	},
	async run(terminal, args) {
		const model = requirePositional(args, 0, 'The model')
		const kind = textOption(args, 'kind') ?? 'predictions'
		if (!kinds.includes(kind)) throw new UsageError(`--kind must be one of ${kinds.join(', ')}.`)
		const { totals, faults } = await sendFile(terminal, args, model, kind)
		if (args.values.json) terminal.out(`${JSON.stringify(totals)}\n`)
		else {
			const waiting = kind === 'outcomes' ? `, ${totals.waiting} waiting for their prediction` : ''
			terminal.out(
				`${totals.accepted} accepted, ${totals.duplicates} duplicates, ${totals.rejectedCount} rejected${waiting}\n`,
			)
			let unlisted = totals.rejectedCount
			for (const { first, rows } of faults.values()) {
				const where = rows === 1 ? `row ${first.index}` : `row ${first.index} and ${rows - 1} more`
				terminal.out(`  ${where}: ${first.code}${first.path ? ` ${first.path}` : ''}: ${first.message}\n`)
				unlisted -= rows
			}
			if (unlisted > 0) terminal.out(`  … and ${unlisted} rows with other faults\n`)
		}
		if (totals.rejectedCount > 0 && totals.accepted + totals.duplicates === 0)
			terminal.err(
				`No row was stored: ${totals.rejectedCount === 1 ? 'it was' : `all ${totals.rejectedCount} were`} rejected.\n`,
			)
		if (totals.accepted + totals.duplicates + totals.rejectedCount === 0)
			throw new AppError('invalid', 'The file has no rows.')
		return totals.rejectedCount > 0 ? 1 : 0
	},
}

type Rejected = { index: number; predictionId: string | null; code: string; path: string; message: string }
export type Totals = {
	accepted: number
	duplicates: number
	rejectedCount: number
	rejected: Rejected[]
	waiting: number
}

const maxListed = 20

/** Sends batches and sums up the responses. Retries each batch for up to five minutes while the service is busy or unreachable. */
export class Sender {
	readonly totals: Totals = { accepted: 0, duplicates: 0, rejectedCount: 0, rejected: [], waiting: 0 }
	/** The first row with each fault, and how many rows have it, whatever their values. */
	readonly faults = new Map<string, { first: Rejected; rows: number }>()
	private readonly terminal: Terminal
	private readonly path: string

	constructor(terminal: Terminal, path: string) {
		this.terminal = terminal
		this.path = path
	}

	/** Counts a row of the file that cannot be sent. */
	rejectHere(index: number, code: string, message: string): void {
		this.reject({ index, predictionId: null, code, path: '', message })
	}

	private reject(row: Rejected): void {
		this.totals.rejectedCount++
		if (this.totals.rejected.length < maxListed) this.totals.rejected.push(row)
		const fault = `${row.code} ${row.path} ${row.message.replace(/"[^"]*"|\d+/g, '')}`
		const known = this.faults.get(fault)
		if (known) known.rows++
		else if (this.faults.size < maxListed) this.faults.set(fault, { first: row, rows: 1 })
	}

	/** `index`: the position of a row in the file. */
	async send(batch: readonly { index: number; line: string }[]): Promise<void> {
		if (batch.length === 0) return
		const answer = await this.post(`${batch.map((b) => b.line).join('\n')}\n`)
		this.totals.accepted += answer.accepted
		this.totals.duplicates += answer.duplicates
		this.totals.waiting += answer.waiting ?? 0
		for (const r of answer.rejected) this.reject({ ...r, index: batch[r.index]?.index ?? r.index })
	}

	private async post(body: string): Promise<Totals> {
		const { body: answer } = await callWithRetries(this.terminal, 'POST', this.path, {
			body,
			type: 'application/x-ndjson',
		})
		return answer as Totals
	}
}
