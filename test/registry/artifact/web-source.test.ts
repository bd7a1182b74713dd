import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isPublicAddress, publicFetch } from '../../../src/platform/node/public-fetch.ts'
import { artifactSource, webSource } from '../../../src/registry/artifact/artifact-source.ts'

let server: Server
let origin: string
let asked = 0

beforeAll(async () => {
	server = createServer((request, response) => {
		asked++
		if (request.url === '/model') response.end('model')
		else if (request.url === '/to-model') response.writeHead(302, { location: '/model' }).end()
		else if (request.url === '/to-file') response.writeHead(302, { location: 'file:///etc/passwd' }).end()
		else if (request.url === '/to-private')
			response.writeHead(302, { location: 'http://10.0.0.1/model' }).end()
		else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
		else if (request.url === '/endless') {
			const timer = setInterval(() => response.write('x'.repeat(1000)), 1)
			request.once('close', () => clearInterval(timer))
		} else response.writeHead(404).end()
	})
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
	origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

async function read(uri: string, hosts: readonly string[], most = 5000): Promise<string> {
	const answer = await artifactSource({ web: webSource(publicFetch(hosts), hosts) })(uri, most, '')
	return answer.ok ? new TextDecoder().decode(answer.value) : `! ${answer.error.message}`
}

describe('a URL', () => {
	it('of a trusted host is read, redirects within it too', async () => {
		const hosts = [new URL(origin).host]
		expect(await read(`${origin}/model`, hosts)).toBe('model')
		expect(await read(`${origin}/to-model`, ['127.0.0.*'])).toBe('model')
		expect(await read(`${origin}/none`, hosts)).toMatch(/^! .* answered 404/)
	})

	it('of a private host is not requested, and the message has a hint', async () => {
		const before = asked
		for (const uri of [
			`${origin}/model`,
			origin.replace('http:', 'https:').replace('127.0.0.1', 'localhost'),
			'https://127.0.0.1/model',
			'https://2130706433/model',
			'https://0x7f.1/model',
			'https://[::1]/model',
			'https://[::ffff:7f00:1]/model',
			'https://169.254.169.254/latest/meta-data',
			'https://metadata.google.internal/computeMetadata/v1/',
			'https://mlflow/model',
			'http://example.com/model',
		])
			expect([uri, await read(uri, [])]).toEqual([uri, expect.stringContaining('PLUMBLINE_ARTIFACT_HOSTS=')])
		expect(asked).toBe(before)
	})

	it('is not followed to files, private hosts, or for ever', async () => {
		const hosts = [new URL(origin).host]
		expect(await read(`${origin}/to-file`, hosts)).toMatch(/^! only https/)
		expect(await read(`${origin}/to-private`, hosts)).toMatch(/^! only https/)
		expect(await read(`${origin}/loop`, hosts)).toMatch(/^! it redirects more than/)
	})

	it('is read up to the limit only', async () => {
		expect(await read(`${origin}/endless`, ['*'])).toMatch(/^! it is over the limit of 5000 bytes/)
	})

	it('with a password, or of another scheme, is refused', async () => {
		expect(await read('https://user:secret@example.com/m', [])).toMatch(/password/)
		expect(await read('models:/credit/7', [])).toMatch(/^! models: is not read here.*upload/)
		expect(await read('s3://bucket/key', [])).toMatch(/AWS_ACCESS_KEY_ID/)
		expect(await read('file:///etc/passwd', [])).toMatch(/PLUMBLINE_ARTIFACT_FILES/)
		expect(await read('model.json', [])).toMatch(/no scheme/)
		expect(await read('https://', [])).toMatch(/^! /)
	})

	it('whose name leads to a private address is not connected to', async () => {
		// A public-looking name that resolves to 127.0.0.1 on every machine: the check is made on the address.
		const fetch = publicFetch([])
		await expect(fetch(new URL('https://localhost:8443/'))).rejects.toMatchObject({
			cause: { message: expect.stringContaining('has no public address') },
		})
	})
})

it.each([
	['8.8.8.8', 4, true],
	['10.1.2.3', 4, false],
	['172.31.0.1', 4, false],
	['172.32.0.1', 4, true],
	['169.254.169.254', 4, false],
	['100.64.0.1', 4, false],
	['0.0.0.0', 4, false],
	['2606:4700::1111', 6, true],
	['::1', 6, false],
	['::ffff:10.0.0.1', 6, false],
	['fd00::1', 6, false],
	['fe80::1', 6, false],
	['64:ff9b::a00:1', 6, false],
] as const)('%s is %i public: %s', (address, family, isPublic) => {
	expect(isPublicAddress(address, family)).toBe(isPublic)
})
