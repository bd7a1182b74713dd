import { Worker } from 'node:worker_threads'

/** `deadlineMs` is for one question, `megabytes` for what the thread's objects take. */
export type ThreadLimits = { deadlineMs: number; megabytes: number }

/** Why a thread gave no reply. What it held is gone with it. */
export class ThreadError extends Error {
	/** It was ended from outside: the question is not the reason. */
	readonly isEnded: boolean

	constructor(message: string, options: { cause?: unknown; isEnded?: boolean } = {}) {
		super(message, options)
		this.isEnded = options.isEnded === true
	}
}

/** The module of a thread beside the one that starts it: the source runs as it is, the package holds what was emitted. */
export const threadUrl = (name: string, from: string): URL =>
	new URL(`./${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from)

/**
 * A thread for work that may never end or take all memory, such as parsing a damaged file. It takes one question at a
 * time. One that is not answered within the deadline ends the thread, and so does running out of memory.
 */
export class Thread {
	private readonly worker: Worker
	private readonly limits: ThreadLimits
	private tail: Promise<unknown> = Promise.resolve()
	private failure: unknown

	constructor(url: URL, limits: ThreadLimits, workerData?: unknown, transferList: ArrayBuffer[] = []) {
		this.limits = limits
		this.worker = new Worker(url, {
			workerData,
			transferList,
			resourceLimits: { maxOldGenerationSizeMb: limits.megabytes },
		})
		this.worker.unref()
		// An error is reported to whoever asks next.
		this.worker.on('error', (error) => {
			this.failure ??= this.toError(error)
		})
	}

	get isEnded(): boolean {
		return this.failure !== undefined
	}

	/** The reply to a question, whatever the module posts. Throws ThreadError. */
	ask<T>(question: unknown, transfer: ArrayBuffer[] = []): Promise<T> {
		const reply = this.tail.then(() => this.reply<T>(question, transfer))
		this.tail = reply.catch(() => undefined)
		return reply
	}

	/** Does not wait for the end: code of a library outside JavaScript cannot be interrupted. */
	close(): void {
		this.failure ??= new ThreadError('its reader was closed', { isEnded: true })
		void this.worker.terminate()
	}

	private toError(cause: unknown): ThreadError {
		const { code, message } = cause as NodeJS.ErrnoException
		return new ThreadError(
			code === 'ERR_WORKER_OUT_OF_MEMORY'
				? `it takes more than ${this.limits.megabytes} MB of memory`
				: message,
			{ cause },
		)
	}

	private async reply<T>(question: unknown, transfer: ArrayBuffer[]): Promise<T> {
		const { worker, limits } = this
		if (this.failure) throw this.failure
		const end = new AbortController()
		worker.ref()
		try {
			return await new Promise<T>((resolve, reject) => {
				const late = `it was not done after ${Math.round(limits.deadlineMs / 1000)} s`
				const timer = setTimeout(() => reject(new ThreadError(late)), limits.deadlineMs)
				const onError = (error: unknown) => reject(this.toError(error))
				const onExit = () =>
					reject(this.failure ?? new ThreadError('its thread has ended', { isEnded: true }))
				worker.on('message', resolve).on('error', onError).on('exit', onExit)
				end.signal.addEventListener('abort', () => {
					clearTimeout(timer)
					worker.off('message', resolve).off('error', onError).off('exit', onExit)
				})
				worker.postMessage(question, transfer)
			})
		} catch (error) {
			this.failure ??= error
			this.close()
			throw error
		} finally {
			end.abort()
			worker.unref()
		}
	}
}

/** Gives out at most `most` places; whoever has one gives it back by calling the answer, the rest waits for its turn. */
export function places(most: number): () => Promise<() => void> {
	const waiting: (() => void)[] = []
	let taken = 0
	return async () => {
		if (taken < most) taken++
		else await new Promise<void>((resolve) => waiting.push(resolve))
		let isMine = true
		return () => {
			if (!isMine) return
			isMine = false
			const next = waiting.shift()
			if (next) next()
			else taken--
		}
	}
}
