import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Limits } from '../../core/limits.ts'
import type { OpenRequest } from '../../http/endpoint.ts'

/** A text, as the error that is made otherwise costs more than the rest. */
const ended = 'the client is gone or the server stops'

/**
 * Requests that are kept open for long. Their connections do not count in the limit of connections, so that followers do
 * not keep others out, and they end when the server stops.
 */
export class OpenRequests {
	private readonly server: Server
	private readonly limits: Limits
	private readonly open = new Set<AbortController>()
	/** Connections that have had such a request: they are likely to have another one. */
	private readonly sockets = new Set<Socket>()
	private isStopping = false

	constructor(server: Server, limits: Limits) {
		this.server = server
		this.limits = limits
		this.setMax()
	}

	add(outgoing: ServerResponse): OpenRequest {
		const controller = new AbortController()
		const { socket } = outgoing
		// Of a client that is gone already, no end would be heard.
		if (this.isStopping || outgoing.destroyed || !socket) controller.abort(ended)
		else {
			this.addSocket(socket)
			this.open.add(controller)
			outgoing.once('close', () => {
				this.open.delete(controller)
				if (!outgoing.writableFinished) controller.abort(ended)
			})
		}
		return { signal: controller.signal, cut: () => outgoing.destroy() }
	}

	stop(): void {
		this.isStopping = true
		for (const controller of this.open) controller.abort(ended)
	}

	private addSocket(socket: Socket): void {
		if (this.sockets.has(socket)) return
		this.sockets.add(socket)
		this.setMax()
		socket.once('close', () => {
			this.sockets.delete(socket)
			this.setMax()
		})
	}

	private setMax(): void {
		const { connections, followers } = this.limits
		this.server.maxConnections = connections + Math.min(this.sockets.size, followers)
	}
}
