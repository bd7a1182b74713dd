import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// The floor that the pointer is compared with: a bare server that keeps streams open, and writes the body of a PUT to all of
// them as an event. It stores and checks nothing.

const streams = new Set<ServerResponse>()
let revision = 0
const server = createServer((incoming, outgoing) => {
	if (incoming.method === 'GET') {
		outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
		outgoing.write(':\n\n')
		streams.add(outgoing)
		outgoing.on('close', () => streams.delete(outgoing))
		return
	}
	let body = ''
	incoming.setEncoding('utf8')
	incoming.on('data', (text) => {
		body += text
	})
	incoming.on('end', () => {
		revision++
		const event = `event: deployment\nid: ${revision}\ndata: ${body}\n\n`
		for (const stream of streams) stream.write(event)
		outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ revision }))
	})
})
server.listen(0, '127.0.0.1', () => {
	const { port } = server.address() as AddressInfo
	process.stdout.write(`{"url":"http://127.0.0.1:${port}"}\n`)
})
