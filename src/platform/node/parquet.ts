import type { FileMetaData } from 'hyparquet'
import { AppError } from '../../core/errors.ts'
import type { OpenParquet, ParquetLimits, ParquetTable } from '../../tables/parquet.ts'
import type { Opened, ParquetSource, Question, Reply, ThreadData } from './parquet-thread.ts'
import { places, Thread, ThreadError, threadUrl } from './thread.ts'

/** For one column of one row group: some seconds for the largest that there are. */
const patienceMs = 20_000
const maxMegabytes = 2048

/** A thread of its own for a file: what a damaged one takes, time or memory, goes with it. */
export class ParquetThread {
	private readonly thread: Thread

	constructor(source: ParquetSource, limits?: ParquetLimits, deadlineMs = patienceMs) {
		this.thread = new Thread(
			threadUrl('parquet-thread', import.meta.url),
			{ deadlineMs, megabytes: maxMegabytes },
			{ source, limits } satisfies ThreadData,
			source.bytes ? [source.bytes.buffer] : [],
		)
	}

	async metadata(): Promise<FileMetaData> {
		return (await this.ask({ kind: 'metadata' })) as FileMetaData
	}

	async read(column: number, group: number): Promise<readonly unknown[]> {
		return (await this.ask({ kind: 'read', column, group })) as readonly unknown[]
	}

	async open(): Promise<ParquetTable> {
		const { columns, groups } = (await this.ask({ kind: 'open' })) as Opened
		const rows = async (group: number, from: number, to: number) =>
			(await this.ask({ kind: 'rows', group, from, to })) as readonly (readonly unknown[])[]
		return { columns, groups, rows, close: () => this.close() }
	}

	async close(): Promise<void> {
		this.thread.close()
	}

	private async ask(question: Question): Promise<unknown> {
		try {
			const reply = await this.thread.ask<Reply>(question)
			if ('value' in reply) return reply.value
			throw new AppError(reply.refused.code, reply.refused.message)
		} catch (error) {
			this.thread.close()
			if (!(error instanceof ThreadError)) throw error
			throw new AppError(
				'malformed',
				`The file cannot be read as Parquet: ${error.message}. Write the file again.`,
				{ cause: error },
			)
		}
	}
}

/** Each may take `mostMegabytes`. */
const maxAtOnce = 4

/** Opens a file in a thread, which ends with `close`, or with the first error. A few at a time: the others wait. */
export function openParquetInThread(deadlineMs = patienceMs): OpenParquet {
	const place = places(maxAtOnce)
	return async (bytes, limits) => {
		const release = await place()
		const thread = new ParquetThread({ bytes }, limits, deadlineMs)
		const close = async () => {
			await thread.close()
			release()
		}
		try {
			return { ...(await thread.open()), close }
		} catch (error) {
			await close()
			throw error
		}
	}
}
