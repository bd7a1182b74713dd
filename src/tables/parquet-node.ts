import { Worker } from 'node:worker_threads'
import type { FileMetaData } from 'hyparquet'
import { AppError } from '../core/errors.ts'
import type { ParquetLimits, ParquetTable } from './parquet.ts'
import type { Opened, ParquetSource, Question, Reply, ThreadData } from './parquet-thread-node.ts'

/** For one column of one row group: some seconds for the largest that there are. */
const patienceMs = 20_000
const mostMegabytes = 2048

/** A thread of its own for a file: what a damaged one takes, time or memory, goes with it. */
export class ParquetThread {
	private readonly worker: Worker
	private readonly deadlineMs: number
	private tail: Promise<unknown> = Promise.resolve()
	private failure: unknown

	constructor(source: ParquetSource, limits?: ParquetLimits, deadlineMs = patienceMs) {
		// The source runs as it stands; the package holds what was emitted from it.
		const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
		this.deadlineMs = deadlineMs
		this.worker = new Worker(new URL(`./parquet-thread-node.${extension}`, import.meta.url), {
			workerData: { source, limits } satisfies ThreadData,
			transferList: source.bytes ? [source.bytes.buffer] : [],
			resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
		})
		this.worker.unref()
		// Who asks hears of it.
		this.worker.on('error', () => {})
	}

	async metadata(): Promise<FileMetaData> {
		return (await this.ask({ kind: 'metadata' })) as FileMetaData
	}

	async read(column: number, group: number): Promise<readonly unknown[]> {
		return (await this.ask({ kind: 'read', column, group })) as readonly unknown[]
	}

	async open(): Promise<ParquetTable> {
		const { columns, groups } = (await this.ask({ kind: 'open' })) as Opened
		return { columns, groups, read: (column, group) => this.read(column, group), close: () => this.close() }
	}

	async close(): Promise<void> {
		await this.worker.terminate()
	}

	/** One question at a time. */
	private ask(question: Question): Promise<unknown> {
		const reply = this.tail.then(() => this.reply(question))
		this.tail = reply.catch(() => undefined)
		return reply
	}

	private async reply(question: Question): Promise<unknown> {
		const { worker, deadlineMs } = this
		if (this.failure) throw this.failure
		const end = new AbortController()
		worker.ref()
		try {
			return await new Promise((resolve, reject) => {
				const fail = (why: string) =>
					reject(
						new AppError('malformed', `This is not Parquet that can be read: ${why}. Write the file again.`),
					)
				const timer = setTimeout(
					() => fail(`a column was not done after ${Math.round(deadlineMs / 1000)} s, so it is damaged`),
					deadlineMs,
				)
				const onMessage = (reply: Reply) =>
					'value' in reply
						? resolve(reply.value)
						: reject(new AppError(reply.refused.code, reply.refused.message))
				const onError = (error: Error) => fail(error.message)
				const onExit = () => fail('its reader has ended')
				worker.on('message', onMessage).on('error', onError).on('exit', onExit)
				end.signal.addEventListener('abort', () => {
					clearTimeout(timer)
					worker.off('message', onMessage).off('error', onError).off('exit', onExit)
				})
				worker.postMessage(question)
			})
		} catch (error) {
			this.failure = error
			await this.close()
			throw error
		} finally {
			end.abort()
			worker.unref()
		}
	}
}

/** Opens a file in a thread; it ends with `close`, or with the first error. */
export const openParquetInThread =
	(deadlineMs = patienceMs) =>
	(bytes: Uint8Array<ArrayBuffer>, limits: ParquetLimits): Promise<ParquetTable> =>
		new ParquetThread({ bytes }, limits, deadlineMs).open()
