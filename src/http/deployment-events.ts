import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { utf8 } from '../core/bytes.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import type { Deployment } from '../registry/deployment/deployment.schema.ts'
import type { DeploymentFeed } from '../registry/deployment/deployment-feed.ts'
import { deploymentsAfter, findDeployment } from '../registry/deployment/get-deployment.ts'
import type { OpenRequest } from './endpoint.ts'

export const eventsType = 'text/event-stream'

/** Proxies must neither keep, change nor hold back what is streamed. */
export const eventHeaders = {
	'content-type': eventsType,
	'cache-control': 'no-store, no-transform',
	'x-accel-buffering': 'no',
	vary: 'Accept',
}

const commentMs = 15 * secondMs
/** A client that has read nothing for so long is gone, or would only ever see old deployments. */
const stalledMs = 2 * minuteMs
const pageRows = 100
const comment = utf8(':\n\n')

type Following = { actor: Actor; model: string; environment: string; lastEventId: string | null }

/** The bytes of an event, made once for all who follow. */
const encoded = new WeakMap<Deployment, Uint8Array>()
function eventOf(deployment: Deployment): Uint8Array {
	const known = encoded.get(deployment)
	if (known) return known
	const bytes = utf8(`event: deployment\nid: ${deployment.revision}\ndata: ${JSON.stringify(deployment)}\n\n`)
	encoded.set(deployment, bytes)
	return bytes
}

/**
 * Each deployment of an environment as an event, from the current one on, or from the one after `lastEventId`. A client that
 * reads slowly costs no memory: what it has missed is read from the database when it goes on.
 */
export class DeploymentEvents {
	private readonly context: Context
	private readonly following: Following
	private readonly request: OpenRequest
	private readonly stop: () => void
	private readonly timer: ReturnType<typeof setInterval>
	private controller!: ReadableStreamDefaultController<Uint8Array>
	/** The newest revision that was sent, and the newest that there is. */
	private sent = 0
	private newest: Deployment | undefined
	private isBusy = true
	private isEnded = false
	private silentMs = 0
	private leftMs: number
	readonly stream: ReadableStream<Uint8Array>

	/** `longestMs`: after which the stream ends, and the client asks again. */
	constructor(
		context: Context,
		feed: DeploymentFeed,
		request: OpenRequest,
		following: Following,
		longestMs = Number.POSITIVE_INFINITY,
	) {
		this.leftMs = longestMs
		this.context = context
		this.following = following
		this.request = request
		this.stop = feed.follow({
			...following,
			changed: (deployment) => {
				if (deployment.revision <= (this.newest?.revision ?? 0)) return
				this.newest = deployment
				void this.send()
			},
			refused: () => this.end(),
		})
		this.timer = setInterval(() => this.keepAlive(), commentMs)
		this.stream = new ReadableStream({
			start: (controller) => {
				this.controller = controller
				void this.begin(feed)
			},
			pull: () => this.send(),
			cancel: () => this.end(),
		})
		request.signal.addEventListener('abort', this.end)
		if (request.signal.aborted) this.end()
	}

	/** Sends the current deployment, or what was made after the one that the client knows. */
	private async begin(feed: DeploymentFeed): Promise<void> {
		const { model, environment, lastEventId } = this.following
		try {
			await feed.ready()
			const current = await findDeployment(this.context, model, environment)
			const revision = current?.revision ?? 0
			if (current && revision > (this.newest?.revision ?? 0)) this.newest = current
			const known = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : undefined
			// One that is ahead comes from a database that was restored since: what it knows is no longer true.
			this.sent = known !== undefined && known <= revision ? known : Math.max(0, revision - 1)
			if (this.sent === this.newest?.revision || !this.newest) this.enqueue(comment)
		} catch (error) {
			this.fail(error)
			return
		}
		this.isBusy = false
		await this.send()
	}

	private async send(): Promise<void> {
		if (this.isBusy) return
		this.isBusy = true
		try {
			while (this.newest && this.newest.revision > this.sent && this.hasRoom)
				for (const deployment of await this.missing(this.newest)) {
					this.enqueue(eventOf(deployment))
					this.sent = deployment.revision
				}
		} catch (error) {
			this.fail(error)
		}
		this.isBusy = false
	}

	private async missing(newest: Deployment): Promise<Deployment[]> {
		if (newest.revision === this.sent + 1) return [newest]
		const { model, environment } = this.following
		const rows = await deploymentsAfter(this.context, model, environment, this.sent, pageRows)
		return rows.length > 0 ? rows : [newest]
	}

	private get hasRoom(): boolean {
		return !this.isEnded && (this.controller.desiredSize ?? 0) > 0
	}

	private enqueue(bytes: Uint8Array): void {
		if (this.isEnded) return
		this.silentMs = 0
		this.controller.enqueue(bytes)
	}

	private keepAlive(): void {
		this.leftMs -= commentMs
		this.silentMs += commentMs
		if (this.leftMs <= 0 || this.silentMs >= stalledMs) this.end()
		else if (this.hasRoom) this.enqueue(comment)
	}

	/** The client asks again, and then gets an answer that says what is wrong. */
	private fail(error: unknown): void {
		this.context.logger.warn('a stream of deployments ended early', { error: String(error) })
		this.end()
	}

	private readonly end = (): void => {
		if (this.isEnded) return
		const isRead = this.hasRoom
		this.isEnded = true
		this.stop()
		clearInterval(this.timer)
		this.request.signal.removeEventListener('abort', this.end)
		try {
			this.controller.close()
		} catch {
			// The client has cancelled it.
		}
		if (!isRead) this.request.cut()
	}
}
