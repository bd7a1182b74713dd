import { type Attack, countOf, unexpected } from './attack.ts'
import { headOf, type Raw, raw, rowsOf, type Target } from './target.ts'

const path = '/v1/models/m-a/predictions'
const mb = 2 ** 20
const piece = Buffer.alloc(64 * 1024, 'a')
const filler = (bytes: number): Uint8Array[] => Array(Math.ceil(bytes / piece.length)).fill(piece)
const statuses = (replies: readonly Raw[]) => replies.map((reply) => reply.status)
const ndjsonHead = (target: Target, length?: number) =>
	headOf(target, 'POST', path, {
		'Content-Type': 'application/x-ndjson',
		...(length === undefined ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': String(length) }),
	})

const openLines: Attack = {
	name: 'many open lines',
	sent: '100 connections, each with 3.9 MB of one NDJSON line that does not end',
	holds: 'memory stays in its budget; what does not fit is 503 with Retry-After',
	async run(target, scale) {
		const count = scale === 'full' ? 100 : 5
		const size = scale === 'full' ? 3.9 * mb : 0.5 * mb
		const pieces = [ndjsonHead(target, 8 * mb), '{"predictionId":"', ...filler(size)]
		const replies = await Promise.all(
			Array.from({ length: count }, () => raw(target, pieces, scale === 'full' ? 8000 : 1500)),
		)
		const refused = replies.filter((r) => r.status === 503)
		const plain = refused.filter((r) => !/retry-after: \d/i.test(r.head))
		return {
			figure: countOf(replies.map((r) => r.status || 'open')),
			faults: [
				...unexpected('a line', statuses(replies), [0, 400, 408, 413, 503]),
				...(plain.length > 0 ? [`${plain.length} answers of 503 have no Retry-After`] : []),
			],
		}
	},
}

const jsonBodies: Attack = {
	name: 'many JSON bodies',
	sent: '40 JSON bodies of 31 MB at once',
	holds: 'memory stays in its budget; 200, 413, 422 or 503 with Retry-After',
	async run(target, scale) {
		const count = scale === 'full' ? 40 : 3
		const size = scale === 'full' ? 31 * mb : mb
		const row = `{"pad":"${'a'.repeat(2000)}"},`
		const text = `[${row.repeat(Math.floor(size / row.length)).slice(0, -1)}]`
		const post = () =>
			target.ask(path, { method: 'POST', body: text }).then(
				(reply) =>
					reply.status === 503 && !reply.headers.get('retry-after')
						? '503 without Retry-After'
						: reply.status,
				() => 'cut',
			)
		const replies = await Promise.all(Array.from({ length: count }, post))
		return { figure: countOf(replies), faults: unexpected('a body', replies, [200, 413, 422, 503, 'cut']) }
	},
}

const slowBodies: Attack = {
	name: 'slow bodies',
	sent: 'bodies and heads that come a byte a second',
	holds:
		'others are served meanwhile; 408 or 413 once it takes too long (slower than this test waits: still open)',
	async run(target, scale) {
		const drip = (head: string) => [head, ...Array.from({ length: 20 }, () => [' ', 1000]).flat()]
		const count = scale === 'full' ? 50 : 2
		const waitMs = scale === 'full' ? 15_000 : 1500
		const heads = [ndjsonHead(target, 1000), `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Slow: `]
		const slow = Array.from({ length: count }, (_, i) => raw(target, drip(heads[i % 2] ?? ''), waitMs))
		const served = await Promise.all(
			Array.from({ length: 5 }, (_, i) =>
				target.ask(path, { method: 'POST', json: rowsOf(`slow-${i}`, 10) }),
			),
		)
		const replies = await Promise.all(slow)
		return {
			figure: `${countOf(replies.map((r) => (r.status === 0 ? (r.isClosed ? 'closed' : 'open') : r.status)))}; others ${countOf(served.map((r) => r.status))}`,
			faults: [
				...unexpected('a slow body', statuses(replies), [0, 400, 408, 413, 503]),
				...unexpected(
					'another',
					served.map((r) => r.status),
					[200],
				),
			],
		}
	},
}

const claims: Attack = {
	name: 'false Content-Length',
	sent: 'JSON bodies that claim 40 MB, 5 GB and 10^30 bytes and send nothing; a negative one; two that differ',
	holds: '413 (400 for the malformed) when the head arrives, and then the connection closes or serves on',
	async run(target) {
		const claim = (length: string, more: Record<string, string> = {}) =>
			raw(
				target,
				[
					headOf(target, 'POST', path, {
						'Content-Type': 'application/json',
						'Content-Length': length,
						...more,
					}),
				],
				5000,
			)
		const large = await Promise.all(['41943040', '5368709120'].map((length) => claim(length)))
		const wrong = await Promise.all(['9'.repeat(30), '-1', '1, 2', '0x10'].map((length) => claim(length)))
		const both = await claim('5', { 'Transfer-Encoding': 'chunked' })
		const lasting = large.filter(
			(r) => r.status === 413 && !r.isClosed && !/connection: keep-alive/i.test(r.head),
		)
		return {
			figure: `${countOf(statuses(large))} after ${Math.round(Math.max(...large.map((r) => r.ms)))} ms; malformed ${countOf(statuses([...wrong, both]))}`,
			faults: [
				...unexpected('a large claim', statuses(large), [413]),
				...unexpected('a malformed one', statuses([...wrong, both]), [400, 413]),
				...(lasting.length > 0 ? [`${lasting.length} refused connections neither close nor keep alive`] : []),
			],
		}
	},
}

const pooled: Attack = {
	name: 'the request after a 413',
	sent: '80 bodies over the limit and, on the same pooled connections, 80 small ones',
	holds: 'every large one is 413, every next one 200',
	async run(target, scale) {
		const count = scale === 'full' ? 80 : 6
		const large = Buffer.alloc(33 * mb, ' ')
		const refused: (number | string)[] = []
		const next: (number | string)[] = []
		const status = (asked: Promise<{ status: number }>) =>
			asked.then(
				(r) => r.status,
				() => 'cut',
			)
		for (let done = 0; done < count; done += 8) {
			refused.push(
				...(await Promise.all(
					Array.from({ length: Math.min(8, count - done) }, () =>
						status(target.ask(path, { method: 'POST', body: large })),
					),
				)),
			)
			next.push(
				...(await Promise.all(
					Array.from({ length: Math.min(8, count - done) }, () => status(target.ask('/v1/models'))),
				)),
			)
		}
		return {
			figure: `${countOf(refused)}; next ${countOf(next)}`,
			faults: [...unexpected('a large body', refused, [413]), ...unexpected('the next request', next, [200])],
		}
	},
}

const heads: Attack = {
	name: 'header floods, two hosts',
	sent: '1 MB of headers; 5,000 headers; two Host headers; none; 300 idle connections',
	holds: '431 or 400; idle connections keep nobody out',
	async run(target, scale) {
		const start = `GET /healthz HTTP/1.1\r\nHost: x\r\n`
		const flood = `${start}X-Flood: ${'a'.repeat(mb)}\r\n\r\n`
		const many = `${start}${Array.from({ length: 5000 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`
		const hosts = ['GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'GET /healthz HTTP/1.1\r\n\r\n']
		const floods = await Promise.all([flood, many].map((head) => raw(target, [head], 3000)))
		const wrong = await Promise.all(hosts.map((head) => raw(target, [head], 3000)))
		const count = scale === 'full' ? 300 : 20
		const idle = Promise.all(Array.from({ length: count }, () => raw(target, ['GET /healthz HTT'], 2000)))
		const served = (await target.ask('/healthz')).status
		await idle
		return {
			figure: `floods ${countOf(statuses(floods))}; hosts ${countOf(statuses(wrong))}; beside ${count} idle ones ${served}`,
			faults: [
				...unexpected('a flood', statuses(floods), [400, 431]),
				...unexpected('two hosts or none', statuses(wrong), [400]),
				...unexpected('another', [served], [200]),
			],
		}
	},
}

const targets: Attack = {
	name: 'odd request lines',
	sent: 'absolute and broken targets, encoded slashes and NULs, methods that do not exist, smuggled requests',
	holds: '4xx; no 5xx, and no second answer to a smuggled request',
	async run(target) {
		const lines = [
			'GET http://evil.example/v1/models',
			'GET //v1/models',
			'GET /v1/models/%00',
			'GET /v1/models/%2e%2e%2fkeys',
			'GET /v1/models/%ff',
			'BREW /v1/models',
			'GET /%',
			'OPTIONS *',
		]
		const replies = await Promise.all(
			lines.map((line) =>
				raw(
					target,
					[`${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${target.adminKey}\r\n\r\n`],
					3000,
				),
			),
		)
		const smuggled = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`
		const both = await raw(target, [smuggled], 3000)
		const answers = both.head.match(/HTTP\/1\.1 /g)?.length ?? 0
		const failed = replies.filter((r) => r.status >= 500 || r.status === 0)
		return {
			figure: `${countOf(statuses(replies))}; smuggled ${both.status}`,
			faults: [
				...(failed.length > 0 ? [`request lines: ${countOf(statuses(failed))}`] : []),
				...(answers > 1 ? ['a smuggled request was answered'] : []),
			],
		}
	},
}

export const connections = [openLines, jsonBodies, slowBodies, claims, pooled, heads, targets]
