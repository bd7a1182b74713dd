import type { FileMetaData } from 'hyparquet'
import { AppError } from '../../core/errors.ts'
import type { OpenParquet, ParquetLimits, ParquetTable } from '../../tables/parquet.ts'
import type { ParquetCalls, ParquetSource, ThreadData } from './parquet-thread.ts'
import { places, Thread, ThreadError, threadUrl } from './thread.ts'

/** For one column of one row group: some seconds for the largest that there are. */
const maxCallMs = 20_000
const maxMegabytes = 2048

/** A file in a thread of its own, so that a damaged one can be ended whatever time or memory it takes. */
export class ParquetThread {
	private readonly thread: Thread<ParquetCalls>

	constructor(source: ParquetSource, limits?: ParquetLimits, deadlineMs = maxCallMs) {
		this.thread = new Thread(threadUrl('parquet-thread', import.meta.url), {
			deadlineMs,
			megabytes: maxMegabytes,
			workerData: { source, limits } satisfies ThreadData,
			transferList: source.bytes ? [source.bytes.buffer] : [],
		})
	}

	metadata(): Promise<FileMetaData> {
		return this.orClose(this.thread.call('metadata', undefined))
	}

	read(column: number, group: number): Promise<readonly unknown[]> {
		return this.orClose(this.thread.call('cells', { column, group }))
	}

	async open(): Promise<ParquetTable> {
		const { columns, groups } = await this.orClose(this.thread.call('open', undefined))
		const rows = (group: number, from: number, to: number) =>
			this.orClose(this.thread.call('rows', { group, from, to }))
		return { columns, groups, rows, close: () => this.close() }
	}

	async close(): Promise<void> {
		void this.thread.close()
	}

	private async orClose<T>(reply: Promise<T>): Promise<T> {
		try {
			return await reply
		} catch (error) {
			void this.thread.close()
			if (!(error instanceof ThreadError)) throw error
			throw new AppError(
				'malformed',
				`The file cannot be read as Parquet: ${error.message}. Write the file again.`,
				{ cause: error },
			)
		}
	}
}

/** Each may take `maxMegabytes`. */
const maxAtOnce = 4

/** Opens a file in a thread, which ends with `close` or with the first error. The others wait until a thread is free. */
export function openParquetInThread(deadlineMs = maxCallMs): OpenParquet {
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
