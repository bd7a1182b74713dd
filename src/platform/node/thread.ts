import { Worker } from 'node:worker_threads'
import { AppError } from '../../core/errors.ts'
import type { Calls, Failure, Moved, Reply, Request } from './serve-thread.ts'

// Why not piscina: its threads are alike and hold nothing between calls. Ours hold an open file, sessions of ONNX, fonts
// or one model, and all but the pool below explain-pool.ts are single threads that end with what they hold.

export type ThreadOptions = {
	/** A call that takes longer ends the thread. */
	deadlineMs?: number
	/** What the thread's objects may take in memory; more ends the thread. */
	megabytes?: number
	/** What objects that live shortly may take before they are collected: less is slower. */
	youngMegabytes?: number
	/** How many calls are sent before the first has its reply. */
	atOnce?: number
	workerData?: unknown
	transferList?: ArrayBuffer[]
}

/** Why a call failed, where the thread threw no AppError. */
export class ThreadError extends Error {
	/** The thread was closed or ended from outside: the call is not the reason. */
	readonly isEnded: boolean
	/** The class of the error that the function in the thread threw; undefined where the thread itself failed. */
	readonly thrown: string | undefined

	constructor(message: string, options: { cause?: unknown; isEnded?: boolean; thrown?: string } = {}) {
		super(message, options)
		this.isEnded = options.isEnded === true
		this.thrown = options.thrown
	}
}

const fromFailure = ({ name, message, code, retryAfterMs }: Failure): Error =>
	code === undefined
		? new ThreadError(message, { thrown: name })
		: new AppError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs })

/** The module of a thread beside the one that starts it: source files run as they are, the package holds compiled ones. */
export const threadUrl = (name: string, from: string): URL =>
	new URL(`./${name}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from)

type Argument<F> = F extends (argument: infer A) => unknown ? A : never
type Value<F> = F extends (argument: never) => infer R ? Unmoved<Awaited<R>> : never
type Unmoved<R> = R extends Moved<infer T> ? T : R

type Pending = {
	resolve(value: never): void
	reject(error: unknown): void
	timer: NodeJS.Timeout | undefined
}

/**
 * A thread for work that may block, never end or take all memory, such as parsing a damaged file. `C` are the functions
 * that its module serves. It keeps the process running only while a call has no reply.
 */
export class Thread<C extends Calls> {
	private readonly worker: Worker
	private readonly options: ThreadOptions
	private readonly pending = new Map<number, Pending>()
	private readonly place: () => Promise<() => void>
	private nextId = 1
	private failure: unknown

	constructor(url: URL, options: ThreadOptions = {}) {
		const { workerData, transferList = [], megabytes, youngMegabytes, atOnce = 1 } = options
		this.options = options
		this.place = places(atOnce)
		this.worker = new Worker(url, {
			workerData,
			transferList,
			resourceLimits: {
				...(megabytes === undefined ? {} : { maxOldGenerationSizeMb: megabytes }),
				...(youngMegabytes === undefined ? {} : { maxYoungGenerationSizeMb: youngMegabytes }),
			},
		})
		this.worker.unref()
		this.worker.on('message', (reply: Reply) => this.settle(reply))
		this.worker.on('error', (error) => this.fail(this.toError(error)))
		this.worker.on('exit', () => this.fail(new ThreadError('its thread has ended', { isEnded: true })))
	}

	get isEnded(): boolean {
		return this.failure !== undefined
	}

	/** How many calls have been sent and have no reply yet. */
	get running(): number {
		return this.pending.size
	}

	/** Calls a function in the thread. `transfer` are buffers that move there. Rejects with AppError or ThreadError. */
	async call<K extends keyof C & string>(
		name: K,
		argument: Argument<C[K]>,
		transfer: ArrayBuffer[] = [],
	): Promise<Value<C[K]>> {
		const release = await this.place()
		try {
			return await this.send(name, argument, transfer)
		} finally {
			release()
		}
	}

	/** Calls without a reply reject. Native code cannot be interrupted: the promise resolves once it has ended. */
	close(): Promise<unknown> {
		this.fail(new ThreadError('its reader was closed', { isEnded: true }))
		return this.worker.terminate()
	}

	private send<T>(call: string, argument: unknown, transfer: ArrayBuffer[]): Promise<T> {
		if (this.failure) return Promise.reject(this.failure)
		return new Promise<T>((resolve, reject) => {
			const { deadlineMs } = this.options
			const id = this.nextId++
			const late = () => {
				this.fail(new ThreadError(`it was not done after ${Math.round((deadlineMs as number) / 1000)} s`))
				void this.worker.terminate()
			}
			const timer = deadlineMs === undefined ? undefined : setTimeout(late, deadlineMs)
			this.pending.set(id, { resolve, reject, timer })
			this.worker.ref()
			this.worker.postMessage({ id, call, argument } satisfies Request, transfer)
		})
	}

	private settle({ id, ...reply }: Reply): void {
		const call = this.pending.get(id)
		if (!call) return
		this.pending.delete(id)
		clearTimeout(call.timer)
		if (this.pending.size === 0) this.worker.unref()
		if (reply.failure) call.reject(fromFailure(reply.failure))
		else call.resolve(reply.value as never)
	}

	/** The first reason counts. */
	private fail(error: unknown): void {
		this.failure ??= error
		for (const { reject, timer } of this.pending.values()) {
			clearTimeout(timer)
			reject(this.failure)
		}
		this.pending.clear()
		this.worker.unref()
	}

	private toError(cause: unknown): ThreadError {
		const { code, message } = cause as NodeJS.ErrnoException
		const isFull = code === 'ERR_WORKER_OUT_OF_MEMORY'
		return new ThreadError(isFull ? `it takes more than ${this.options.megabytes} MB of memory` : message, {
			cause,
		})
	}
}

/** Gives out at most `max` places. Whoever has one calls the returned function to free it; the others wait in order. */
export function places(max: number): () => Promise<() => void> {
	const waiting: (() => void)[] = []
	let taken = 0
	return async () => {
		if (taken < max) taken++
		else await new Promise<void>((resolve) => waiting.push(resolve))
		let isFree = false
		return () => {
			if (isFree) return
			isFree = true
			const next = waiting.shift()
			if (next) next()
			else taken--
		}
	}
}
