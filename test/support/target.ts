import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Received = {
	method: string
	/** As it arrived: path and query. */
	path: string
	headers: IncomingMessage['headers']
	body: string
	/** Bytes of the answer that the other side took. */
	sent: number
}

export type TargetAnswer = { status: number; body?: unknown; headers?: Record<string, string> }
export type TargetHandler = (request: Received) => TargetAnswer | Promise<TargetAnswer>

/** What a target does instead of answering. `late`: it does its work, then says nothing. */
export type Fault =
	| 'hang'
	| 'drip'
	| 'endless'
	| 'redirect'
	| 'html'
	| 'echo'
	| 'late'
	| 'close'
	| 'close-after'
	| { status: number; headers?: Record<string, string> }

/** A handler refuses by throwing. */
async function answerOf(handle: TargetHandler, request: Received): Promise<TargetAnswer> {
	try {
		return await handle(request)
	} catch (error) {
		return { status: 400, body: String(error) }
	}
}

const kilobyte = 'x'.repeat(1024)

/** A system that is acted on, over real HTTP: it records what it receives, and misbehaves when told to. */
export async function startTarget(handle: TargetHandler) {
	const received: Received[] = []
	let fault: Fault | undefined
	let onlyFor: string | undefined
	const server = createServer(async (request, response) => {
		const chunks: Buffer[] = []
		for await (const chunk of request) chunks.push(chunk)
		const { method = '', url: path = '', headers } = request
		const record = { method, path, headers, body: Buffer.concat(chunks).toString(), sent: 0 }
		received.push(record)
		const current = onlyFor === undefined || onlyFor === method ? fault : undefined
		if (await misbehave(current, record, response)) return
		// A handler refuses by throwing.
		const answer = await answerOf(handle, record)
		if (current === 'late') return
		if (current === 'close-after') return void request.socket.destroy()
		const isText = typeof answer.body === 'string'
		response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
		response.end(isText ? answer.body : answer.body === undefined ? '' : JSON.stringify(answer.body))
	})
	server.listen(0, '127.0.0.1')
	await once(server, 'listening')
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
	return {
		url,
		received,
		/** From now on; undefined: it behaves again. */
		set fault(next: Fault | undefined) {
			fault = next
			onlyFor = undefined
		},
		/** A fault of the calls with one method. */
		failOn(method: string, next: Fault) {
			fault = next
			onlyFor = method
		},
		async close() {
			server.closeAllConnections()
			await new Promise((resolve) => server.close(resolve))
		},
	}
}

export type Target = Awaited<ReturnType<typeof startTarget>>

/** Whether the fault took the place of the answer. */
async function misbehave(
	fault: Fault | undefined,
	record: Received,
	response: ServerResponse,
): Promise<boolean> {
	if (fault === undefined || fault === 'late' || fault === 'close-after') return false
	if (fault === 'close') response.destroy()
	else if (fault === 'drip' || fault === 'endless') await flood(fault, record, response)
	else if (fault === 'redirect') response.writeHead(307, { location: '/elsewhere' }).end()
	else if (fault === 'html')
		response
			.writeHead(200, { 'content-type': 'text/html' })
			.end('<!doctype html><title>Sign in</title><p>Sign in')
	else if (fault === 'echo')
		response
			.writeHead(400, { 'content-type': 'application/json' })
			.end(JSON.stringify({ message: JSON.stringify(record.headers), detail: record.body }))
	else if (typeof fault === 'object') response.writeHead(fault.status, fault.headers).end('{}')
	return true
}

/** An answer that never ends: as fast as it is taken, or a byte at a time. */
async function flood(fault: 'drip' | 'endless', record: Received, response: ServerResponse) {
	response.writeHead(200, { 'content-type': 'application/json' })
	const part = fault === 'drip' ? ' ' : kilobyte
	while (!response.destroyed) {
		const isTaken = response.write(part)
		record.sent += part.length
		if (fault === 'drip' || !isTaken) await new Promise((resolve) => setTimeout(resolve, 10))
	}
}
