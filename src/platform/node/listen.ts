import {
	createServer,
	type IncomingMessage,
	type RequestListener,
	type Server,
	type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { AppError } from '../../core/errors.ts'
import { defaultLimits, type Limits } from '../../core/limits.ts'
import { minuteMs, secondMs } from '../../core/time.ts'
import type { BodySource } from '../../http/body.ts'
import type { OpenRequest } from '../../http/endpoint.ts'
import { type ProblemCode, problem, problemType } from '../../http/problem.ts'
import { OpenRequests } from './open-requests.ts'

export type Listening = {
	/** The URL on this machine, without a trailing slash. */
	url: string
	/** Accepts no new connections, waits for running requests, then closes the rest. */
	close(): Promise<void>
}

type Fetch = (
	request: Request,
	env: { body: BodySource; keepOpen: () => OpenRequest },
) => Response | Promise<Response>

const drainMs = 10 * secondMs
// Longer than the idle timeout of common proxies.
const keepAliveMs = 75 * secondMs

const wildcards: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

function urlOf(host: string, port: number): string {
	const reachable = wildcards[host] ?? host
	return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number, prefix: string): AppError {
	const texts: Record<string, string> = {
		EADDRINUSE: `Port ${port} on ${host} is taken. Stop what listens there, or set ${prefix}_PORT to a free port.`,
		EACCES: `Port ${port} needs more privileges than this user has. Set ${prefix}_PORT to 1024 or more.`,
		EADDRNOTAVAIL: `${host} is not an address of this machine. Set ${prefix}_HOST to 127.0.0.1 or 0.0.0.0.`,
		ENOTFOUND: `${host} is not an address of this machine. Set ${prefix}_HOST to 127.0.0.1 or 0.0.0.0.`,
	}
	const message = texts[error.code ?? ''] ?? `Cannot listen on ${host}:${port}: ${error.message}.`
	return new AppError('unavailable', message, { cause: error })
}

/** Serves HTTP. Rejects with what to do when it cannot listen. Port 0 means any free port; `prefix` names its settings. */
export function listen(
	fetch: Fetch,
	host: string,
	port: number,
	limits: Limits = defaultLimits,
	prefix = 'PLUMBLINE',
): Promise<Listening> {
	const http = createHttpServer(fetch, host, limits)
	const { server } = http
	return new Promise((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, host, port, prefix)))
		server.listen(port, host, () => {
			server.removeAllListeners('error')
			server.on('error', () => {})
			const { port: taken } = server.address() as AddressInfo
			resolve({ url: urlOf(host, taken), close: () => close(http) })
		})
	})
}

/** `unused`: the connections without a request so far. */
type HttpServer = { server: Server; open: OpenRequests; unused: Set<Socket> }

function createHttpServer(fetch: Fetch, host: string, limits: Limits): HttpServer {
	const server = createServer({
		maxHeaderSize: limits.headerBytes,
		headersTimeout: limits.headersMs,
		// Bodies have their own limits, which exclude the server's own time.
		requestTimeout: 2 * limits.bodyMs + limits.headersMs + minuteMs,
		keepAliveTimeout: keepAliveMs,
		connectionsCheckingInterval: Math.min(secondMs, limits.headersMs),
		requireHostHeader: false,
	})
	const open = new OpenRequests(server, limits)
	// Node drops further headers: one more reveals that there were too many.
	server.maxHeadersCount = limits.headers + 1
	const serve = listener(fetch, host, limits, open)
	server.on('request', serve)
	server.on('checkContinue', serve)
	// Unknown expectations may be ignored (RFC 9110, 10.1.1).
	server.on('checkExpectation', serve)
	server.on('clientError', respondToClientError)
	// At the limit, idle connections make room for new ones.
	server.on('drop', () => server.closeIdleConnections())
	const unused = new Set<Socket>()
	server.on('connection', (socket: Socket) => {
		unused.add(socket)
		socket.once('close', () => unused.delete(socket))
	})
	server.on('request', ({ socket }) => unused.delete(socket))
	return { server, open, unused }
}

type Exchange = { incoming: IncomingMessage; outgoing: ServerResponse }

/** The current response of a connection. */
const responses = new WeakMap<Socket, ServerResponse>()

function listener(fetch: Fetch, host: string, limits: Limits, open: OpenRequests): RequestListener {
	const respond = getRequestListener(
		async (request, env) => {
			const { incoming, outgoing } = env as Exchange
			const keepOpen = () => open.add(outgoing)
			return await fetch(request, { body: new NodeBody(incoming, outgoing), keepOpen })
		},
		{
			hostname: host,
			autoCleanupIncoming: false,
			errorHandler: () => problemResponse('malformed', 'The request has no valid target or Host header.'),
		},
	)
	return (incoming, outgoing) => {
		// Requests on a connection that is being closed are ignored.
		if (closing.has(incoming.socket)) return void incoming.resume()
		responses.set(incoming.socket, outgoing)
		const writeHead = outgoing.writeHead.bind(outgoing) as (...head: unknown[]) => ServerResponse
		outgoing.writeHead = ((...head: unknown[]) => {
			endBody(incoming, outgoing)
			return writeHead(...head)
		}) as typeof outgoing.writeHead
		const fault = headFault(incoming, limits)
		if (fault === undefined) return void respond(incoming, outgoing)
		const { status, body } = problemText(...fault)
		outgoing.writeHead(status, { 'content-type': problemType, connection: 'close' }).end(body)
	}
}

/** Faults in the head of a request that Node accepts. */
function headFault(incoming: IncomingMessage, limits: Limits): [ProblemCode, string] | undefined {
	const { rawHeaders, httpVersion } = incoming
	if (rawHeaders.length > 2 * limits.headers)
		return ['headers-too-large', `A request has at most ${limits.headers} headers (limit headers).`]
	let hosts = 0
	for (let i = 0; i < rawHeaders.length; i += 2)
		if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++
	if (hosts > 1) return ['malformed', 'The request has more than one Host header.']
	if (hosts === 0 && httpVersion === '1.1') return ['malformed', 'The request has no Host header.']
	return undefined
}

function problemText(code: ProblemCode, detail: string): { status: number; body: string } {
	const { status, ...rest } = problem(code, detail)
	return { status, body: JSON.stringify({ status, ...rest }) }
}

function problemResponse(code: ProblemCode, detail: string): Response {
	const { status, body } = problemText(code, detail)
	return new Response(body, { status, headers: { 'content-type': problemType } })
}

/** The body of a request as it arrives. The first read sends `100 Continue` to a client that waits for it. */
class NodeBody implements BodySource {
	private readonly incoming: IncomingMessage
	private readonly outgoing: ServerResponse
	private isRead = false
	private change = () => {}

	constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
		this.incoming = incoming
		this.outgoing = outgoing
	}

	async next(): Promise<Uint8Array | undefined> {
		const { incoming } = this
		if (!this.isRead) this.begin()
		for (;;) {
			const bytes: Buffer | null = incoming.read()
			if (bytes) return bytes
			if (incoming.readableEnded) return undefined
			if (incoming.destroyed || incoming.errored) throw new Error('aborted')
			await new Promise<void>((resolve) => {
				this.change = resolve
			})
		}
	}

	private begin(): void {
		this.isRead = true
		for (const event of events) this.incoming.on(event, this.changed)
		if (!awaitsContinue(this.incoming)) return
		continued.add(this.incoming)
		this.outgoing.writeContinue()
	}

	private readonly changed = () => this.change()

	stop(): void {
		for (const event of events) this.incoming.off(event, this.changed)
	}
}

const events = ['readable', 'end', 'error', 'close']
const awaitsContinue = ({ headers }: IncomingMessage) => headers.expect?.toLowerCase() === '100-continue'
const continued = new WeakSet<IncomingMessage>()

/** An unread rest of a body up to this size is read and dropped, so that the connection can be reused. */
const smallRest = 256 * 1024
const smallRestMs = 5 * secondMs

/** Before the response: a small rest of the body is read; after a larger one the connection is closed. */
function endBody(incoming: IncomingMessage, outgoing: ServerResponse): void {
	const { socket, headers } = incoming
	if (incoming.complete) return
	outgoing.once('finish', () => incoming.resume())
	const mayCome = !awaitsContinue(incoming) || continued.has(incoming)
	if (mayCome && Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= smallRest) {
		const timer = setTimeout(() => socket.destroy(), smallRestMs)
		incoming.once('close', () => clearTimeout(timer))
		return
	}
	outgoing.shouldKeepAlive = false
	socket.destroySoon = () => closeGently(socket)
}

const closing = new Set<Socket>()
const lingerMs = 30 * secondMs
const lingerIdleMs = 2 * secondMs
const lingerBytes = 64 * 2 ** 20

/**
 * Closes a connection that the client still writes to, after reading for a while: a socket that is closed with unread bytes is
 * reset, and the reset may overtake the response.
 */
function closeGently(socket: Socket): void {
	if (closing.has(socket)) return
	closing.add(socket)
	socket.once('close', () => closing.delete(socket))
	if (socket.readableEnded) return void socket.end(() => socket.destroy())
	const from = socket.bytesRead
	let seen = from
	let idleMs = 0
	let openMs = 0
	const tickMs = secondMs / 2
	const timer = setInterval(() => {
		idleMs = socket.bytesRead === seen ? idleMs + tickMs : 0
		openMs += tickMs
		seen = socket.bytesRead
		if (idleMs >= lingerIdleMs || openMs >= lingerMs || seen - from > lingerBytes) socket.destroy()
	}, tickMs)
	socket.once('close', () => clearInterval(timer))
	socket.once('end', () => socket.destroy())
	socket.end()
}

/** Responds to a request that is not valid HTTP, or arrived too slowly. */
function respondToClientError(error: NodeJS.ErrnoException, socket: Socket): void {
	if (closing.has(socket)) return
	if (!socket.writable || error.code === 'ECONNRESET' || responses.get(socket)?.headersSent)
		return void socket.destroy()
	const [code, detail]: [ProblemCode, string] =
		error.code === 'HPE_HEADER_OVERFLOW'
			? ['headers-too-large', 'The headers of the request are too large (limit headerBytes).']
			: error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
				? ['timeout', 'The request took too long to arrive.']
				: ['malformed', `This is not an HTTP request: ${error.message}.`]
	const { status, body } = problemText(code, detail)
	const title =
		status === 431 ? 'Request Header Fields Too Large' : status === 408 ? 'Request Timeout' : 'Bad Request'
	socket.write(
		`HTTP/1.1 ${status} ${title}\r\ncontent-type: ${problemType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
	)
	closeGently(socket)
}

const sweepMs = 50

function close({ server, open, unused }: HttpServer): Promise<void> {
	open.stop()
	return new Promise((resolve) => {
		const cut = setTimeout(() => server.closeAllConnections(), drainMs)
		for (const socket of closing) socket.destroy()
		// A connection stays open for a next request after its current one, which is no longer wanted.
		const sweep = setInterval(() => {
			server.closeIdleConnections()
			// Node does not count those as idle that have sent nothing yet.
			for (const socket of unused) if (socket.bytesRead === 0) socket.destroy()
		}, sweepMs)
		server.close(() => {
			clearTimeout(cut)
			clearInterval(sweep)
			resolve()
		})
	})
}
