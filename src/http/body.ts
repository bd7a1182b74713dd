import { Breather } from '../core/breather.ts'
import type { ByteBudget, ByteHold } from '../core/byte-budget.ts'
import { AppError } from '../core/errors.ts'
import type { Limits } from '../core/limits.ts'
import { secondMs } from '../core/time.ts'

/** The source of a body's bytes. */
export type BodySource = {
	/** The next bytes; undefined at the end. */
	next(): Promise<Uint8Array | undefined>
	/** Stops reading. */
	stop(): void
}

export type BodyLimit = keyof typeof advice

const advice = {
	jsonBytes: 'Send NDJSON, which is streamed, or send it in parts.',
	objectBytes: '',
	bodyBytes: 'Send it in parts.',
	openBytes: 'This is the limit for requests without a key.',
	parquetBytes: 'Send a sample, or NDJSON, which is streamed.',
	artifactBytes: 'PLUMBLINE_LIMIT_ARTIFACT_BYTES raises it.',
}
const nouns: Partial<Record<BodyLimit, string>> = {
	jsonBytes: 'JSON body',
	objectBytes: 'JSON body',
	parquetBytes: 'Parquet file',
	artifactBytes: 'file',
}

/** How long a body may arrive too slowly before it is refused. */
const graceMs = 15 * secondMs

/**
 * The body of one request, read once: within its size limit, in bounded time, and counted in the budget of bytes in
 * flight until `close`. A `Content-Length` over the limit is refused before a byte is read.
 */
export class RequestBody {
	readonly hold: ByteHold
	readonly breather: Breather
	readonly limits: Limits
	private readonly headers: Headers
	private readonly source: BodySource | undefined
	private limit: BodyLimit = 'bodyBytes'
	private pace: Pace | undefined

	constructor(request: Request, source: BodySource | undefined, limits: Limits, budget: ByteBudget) {
		this.headers = request.headers
		this.source = source ?? sourceOf(request)
		this.limits = limits
		this.hold = budget.open()
		this.breather = new Breather(limits.bodyCpuMs)
	}

	/** Undefined if the client does not send it. */
	get declaredBytes(): number | undefined {
		const length = this.headers.get('content-length')
		return length === null ? undefined : Number(length)
	}

	get isAbsent(): boolean {
		return !this.headers.has('transfer-encoding') && (this.declaredBytes ?? 0) === 0
	}

	/** Sets the limit for the bytes as they are sent. Throws `too-large` if the client announces more. */
	within(limit: BodyLimit): this {
		this.limit = limit
		if ((this.declaredBytes ?? 0) > this.limits[limit]) throw this.tooLarge()
		return this
	}

	tooLarge(limit = this.limit): AppError {
		const text = `The ${nouns[limit] ?? 'body'} is over the limit of ${this.limits[limit]} bytes (limit ${limit}). ${advice[limit]}`
		return new AppError('too-large', text.trim())
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array<ArrayBuffer>> {
		const { source, hold, breather } = this
		if (source === undefined) return
		const pace = new Pace(source, this.limits)
		this.pace = pace
		let size = 0
		try {
			for (;;) {
				const chunk = await pace.next()
				if (chunk === undefined) return
				size += chunk.byteLength
				if (size > this.limits[this.limit]) throw this.tooLarge()
				await hold.take(chunk.byteLength)
				breather.allow(chunk.byteLength)
				breather.wake()
				yield chunk as Uint8Array<ArrayBuffer>
				hold.give(chunk.byteLength)
			}
		} finally {
			pace.stop()
			source.stop()
		}
	}

	asStream(): ReadableStream<Uint8Array> {
		const chunks = this[Symbol.asyncIterator]()
		return new ReadableStream(
			{
				async pull(controller) {
					const { done, value } = await chunks.next()
					if (done) controller.close()
					else controller.enqueue(value)
				},
				async cancel() {
					await chunks.return(undefined)
				},
			},
			{ highWaterMark: 0 },
		)
	}

	/** Stops reading and frees the memory of the body. */
	close(): void {
		this.pace?.stop()
		this.hold.close()
	}
}

/** Waits for bytes, but not forever: a body that arrives too slowly fails with `timeout`. */
class Pace {
	private readonly source: BodySource
	private readonly limits: Limits
	private readonly timer: ReturnType<typeof setInterval>
	private fail: ((error: AppError) => void) | undefined
	/** Time spent waiting: in total, and in the current period. */
	private waitedMs = 0
	private periodMs = 0
	private periodBytes = 0

	constructor(source: BodySource, limits: Limits) {
		this.source = source
		this.limits = limits
		const tickMs = Math.min(secondMs, limits.bodyMs / 4)
		this.timer = setInterval(() => this.fail && this.tick(tickMs), tickMs)
	}

	next(): Promise<Uint8Array | undefined> {
		return new Promise((resolve, reject) => {
			this.fail = reject
			this.source.next().then((chunk) => {
				this.fail = undefined
				this.periodBytes += chunk?.byteLength ?? 0
				resolve(chunk)
			}, reject)
		})
	}

	/** Fails a read that is still waiting for bytes. */
	stop(): void {
		clearInterval(this.timer)
		this.refuse('The body is no longer being read')
	}

	private tick(ms: number): void {
		const { bodyMs, bodyBytesPerSecond: rate } = this.limits
		this.waitedMs += ms
		this.periodMs += ms
		if (this.waitedMs >= bodyMs)
			this.refuse(`The body took more than ${bodyMs / secondMs} s to arrive (limit bodyMs)`)
		if (this.periodMs < graceMs) return
		if (this.periodBytes < (rate * this.periodMs) / secondMs)
			this.refuse(`The body arrived at less than ${rate} bytes per second (limit bodyBytesPerSecond)`)
		this.periodMs = 0
		this.periodBytes = 0
	}

	private refuse(what: string): void {
		this.fail?.(new AppError('timeout', `${what}. Send it again, in parts if the connection is slow.`))
	}
}

function sourceOf({ body }: Request): BodySource | undefined {
	if (body === null) return undefined
	let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
	return {
		async next() {
			reader ??= body.getReader()
			return (await reader.read()).value
		},
		stop() {
			reader?.cancel().catch(() => {})
		},
	}
}
