import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import { AppError } from '../../core/errors.ts'
import type { EntryRecord } from '../../evidence/audit/audit.schema.ts'
import { csvRecord } from '../../tables/write-csv.ts'
import { type ExitCode, type Parsed, requireOption, type Terminal, UsageError } from '../command.ts'
import { WorkProgress } from '../progress.ts'
import { filterOf, readEntries } from './entries.ts'

export const exportHelp = `       plumbline audit export --format json|csv|ndjson|parquet --out FILE [FILTER…] [--json]

Write the entries of the ledger of the service at PLUMBLINE_URL to FILE, which must not exist, oldest first. The filters are
those of search. In CSV, a text that a spreadsheet would take for a formula begins with an apostrophe.
`

/** Writes entries as they come. */
type Sink = {
	write(items: readonly EntryRecord[]): Promise<void>
	end(): Promise<void>
	close(): Promise<void>
}

const columns = ['index', 'at', 'actor', 'action', 'object', 'model', 'leafHash', 'entry'] as const

const formats: Record<string, (path: string) => Promise<Sink>> = {
	json: (path) =>
		textSink(path, { head: '[\n', line: (item) => JSON.stringify(item), between: ',\n', foot: '\n]\n' }),
	ndjson: (path) =>
		textSink(path, { head: '', line: (item) => `${JSON.stringify(item)}\n`, between: '', foot: '' }),
	csv: (path) =>
		textSink(path, {
			head: csvRecord(columns),
			line: (item) => csvRecord(columns.map((name) => item[name])),
			between: '',
			foot: '',
		}),
	parquet: async (path) => parquetSink(path),
}

/** `plumbline audit export` */
export async function exportEntries(terminal: Terminal, args: Parsed): Promise<ExitCode> {
	const format = requireOption(args, 'format')
	const out = requireOption(args, 'out')
	const openSink = Object.hasOwn(formats, format) ? formats[format] : undefined
	if (!openSink) throw new UsageError(`--format ${format} is not one of ${Object.keys(formats).join(', ')}.`)
	if (existsSync(out)) throw new AppError('conflict', `${out} already exists and is not overwritten.`)
	const query = filterOf(terminal, args)
	const part = `${out}.part`
	const entries = await attempt(out, part, async () => {
		const sink = await openSink(part)
		try {
			const count = await copy(terminal, query, sink)
			await sink.end()
			return count
		} finally {
			await sink.close()
		}
	})
	if (args.values.json) terminal.out(`${JSON.stringify({ file: out, format, entries })}\n`)
	else terminal.out(`${entries} entries were written to ${out}.\n`)
	return 0
}

async function copy(terminal: Terminal, query: URLSearchParams, sink: Sink): Promise<number> {
	query.set('limit', '1000')
	const progress = new WorkProgress(terminal)
	let entries = 0
	for (;;) {
		const { items, next } = await readEntries(terminal, query)
		await sink.write(items)
		entries += items.length
		progress.show(0, `${entries.toLocaleString('en')} entries`)
		if (next === null) break
		query.set('cursor', next)
	}
	progress.end()
	return entries
}

/** The file gets its name when it is complete; what fails leaves nothing behind. */
async function attempt<T>(out: string, part: string, work: () => Promise<T>): Promise<T> {
	try {
		const result = await work()
		await rename(part, out)
		return result
	} catch (cause) {
		await rm(part, { force: true })
		const { code } = cause as NodeJS.ErrnoException
		if (cause instanceof AppError || code === undefined) throw cause
		const why = code === 'ENOSPC' ? 'the disk is full' : (cause as Error).message
		throw new AppError('unavailable', `${out} cannot be written: ${why}. Choose another place with --out.`, {
			cause,
		})
	}
}

type Text = { head: string; line: (item: EntryRecord) => string; between: string; foot: string }

async function textSink(path: string, { head, line, between, foot }: Text): Promise<Sink> {
	const file = await open(path, 'w')
	let isFirst = true
	await file.writeFile(head)
	return {
		async write(items) {
			if (items.length === 0) return
			const text = items.map(line).join(between)
			await file.writeFile(isFirst ? text : between + text)
			isFirst = false
		},
		async end() {
			await file.writeFile(foot)
			await file.sync()
		},
		close: () => file.close(),
	}
}

const rowsPerGroup = 20_000

function parquetSink(path: string): Sink {
	const column = (items: readonly EntryRecord[]) => [
		{ name: 'index', type: 'INT64' as const, nullable: false, data: items.map((item) => BigInt(item.index)) },
		{ name: 'at', type: 'TIMESTAMP' as const, nullable: false, data: items.map((item) => new Date(item.at)) },
		...columns.slice(2).map((name) => ({
			name,
			type: 'STRING' as const,
			nullable: name === 'model',
			data: items.map((item) => item[name] as string | null),
		})),
	]
	const writer = new ParquetWriter({
		writer: fileWriter(path),
		schema: schemaFromColumnData({ columnData: column([]) }),
	})
	let waiting: EntryRecord[] = []
	const flush = async () => {
		if (waiting.length > 0) await writer.write({ columnData: column(waiting), rowGroupSize: waiting.length })
		waiting = []
	}
	return {
		async write(items) {
			waiting.push(...items)
			if (waiting.length >= rowsPerGroup) await flush()
		},
		async end() {
			await flush()
			await writer.finish()
		},
		close: async () => {},
	}
}
