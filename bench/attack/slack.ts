import { createHmac } from 'node:crypto'
import { type Attack, countOf, unexpected } from './attack.ts'
import { headOf, raw, signingSecret, type Target } from './target.ts'

const path = '/slack/events'
const form = 'application/x-www-form-urlencoded'

function post(target: Target, body: string, { secret = signingSecret, at = Date.now(), type = form } = {}) {
	const seconds = String(Math.floor(at / 1000))
	const mac = createHmac('sha256', secret).update(`v0:${seconds}:${body}`).digest('hex')
	const headers = {
		'content-type': type,
		'x-slack-request-timestamp': seconds,
		'x-slack-signature': `v0=${mac}`,
	}
	return target.ask(path, { method: 'POST', body, headers })
}

const unsigned: Attack = {
	name: 'unsigned Slack',
	sent: 'no signature, a wrong one, an old one; a body of 1 MB without one, of which most is never sent',
	holds: '401 or 413, before the body is read',
	async run(target) {
		const body = 'command=%2Fplumb&text=help'
		const replies = [
			await target.ask(path, { method: 'POST', body, headers: { 'content-type': form } }),
			await post(target, body, { secret: 'wrong' }),
			await post(target, body, { at: Date.now() - 3_600_000 }),
			await post(target, body, { at: Date.now() + 3_600_000 }),
		]
		const head = headOf(target, 'POST', path, { 'Content-Type': form, 'Content-Length': '1048576' })
		const large = await raw(target, [head, 'payload='], 3000)
		return {
			figure: `${countOf(replies.map((r) => r.status))}; 1 MB ${large.status}`,
			faults: [
				...unexpected(
					'unsigned',
					replies.map((r) => r.status),
					[400, 401, 403],
				),
				...unexpected('1 MB', [large.status], [400, 401, 403, 413]),
			],
		}
	},
}

const malformed = [
	'payload=%7B',
	'payload=null',
	'payload=%5B%5D',
	'payload=%7B%22type%22%3A%22block_actions%22%7D',
	'payload=%7B%22type%22%3A%22view_submission%22%2C%22view%22%3A7%7D',
	'payload=%7B%22type%22%3A5%7D',
	'command=%2Fplumb',
	'command=%2Fplumb&text=%00%ff',
	'=&=&=',
	'',
	`payload=${encodeURIComponent('{"a":'.repeat(10_000))}`,
]

const signed: Attack = {
	name: 'malformed but signed Slack',
	sent: 'payloads that are no JSON, null, lists, without their parts, deeply nested',
	holds: '200 or 4xx, never 5xx',
	async run(target) {
		const statuses: number[] = []
		for (const body of malformed) statuses.push((await post(target, body)).status)
		for (const body of [
			'{',
			'null',
			'[]',
			'{"type":"event_callback"}',
			'{"type":7}',
			'"x"',
			'['.repeat(5000),
		])
			statuses.push((await post(target, body, { type: 'application/json' })).status)
		const failed = statuses.filter((status) => status >= 500)
		return { figure: countOf(statuses), faults: failed.length > 0 ? [`payloads: ${countOf(failed)}`] : [] }
	},
}

export const slack = [unsigned, signed]
