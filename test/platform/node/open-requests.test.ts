import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect } from 'vitest'
import { defaultLimits } from '../../../src/core/limits.ts'
import { OpenRequests } from '../../../src/platform/node/open-requests.ts'
import { withServerPerTest } from '../../support/fixtures.ts'

const limits = { ...defaultLimits, connections: 10, followers: 1 }

/** A server with `ask`, which sends a request and answers its client's socket and the server's response. */
const it = withServerPerTest(async () => {
	const http = createServer()
	http.listen(0, '127.0.0.1')
	await once(http, 'listening')
	const { port } = http.address() as AddressInfo
	const ask = async (): Promise<[Socket, ServerResponse]> => {
		const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'))
		const [, outgoing] = (await once(http, 'request')) as [unknown, ServerResponse]
		return [socket, outgoing]
	}
	const close = async () => {
		http.closeAllConnections()
		http.close()
	}
	return { http, ask, close, requests: new OpenRequests(http, limits) }
})

it('makes room for the connections of open requests, as many as may follow', async ({ server }) => {
	const { http, ask, requests } = server
	expect(http.maxConnections).toBe(10)
	const [one, other] = [await ask(), await ask()]
	for (const [, outgoing] of [one, other]) requests.add(outgoing)
	expect(http.maxConnections).toBe(11)
	for (const [socket] of [one, other]) socket.destroy()
	await expect.poll(() => http.maxConnections).toBe(10)
})

it('ends a request when its client is gone, and not when it was answered', async ({ server }) => {
	const { ask, requests } = server
	const [[socket, left], [, answered]] = [await ask(), await ask()]
	const [gone, done] = [requests.add(left), requests.add(answered)]
	answered.end()
	socket.destroy()
	await Promise.all([left, answered].map((outgoing) => once(outgoing, 'close')))
	expect([gone.signal.aborted, done.signal.aborted]).toEqual([true, false])
})

it('keeps nothing of a client that was gone before', async ({ server }) => {
	const { http, ask, requests } = server
	const [socket, outgoing] = await ask()
	socket.destroy()
	await once(outgoing, 'close')
	expect(requests.add(outgoing).signal.aborted).toBe(true)
	expect([http.maxConnections, outgoing.listenerCount('close')]).toEqual([10, 0])
})

it('ends all requests when the server stops, and those that come later', async ({ server }) => {
	const { ask, requests } = server
	const [[, before], [, after]] = [await ask(), await ask()]
	const { signal } = requests.add(before)
	expect(signal.aborted).toBe(false)
	requests.stop()
	expect([signal.aborted, requests.add(after).signal.aborted]).toEqual([true, true])
})
