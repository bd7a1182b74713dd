import { describe, expect, it } from 'vitest'
import { parseReference } from '../../../src/integrations/mlflow/client.ts'
import { mlflowRunReader } from '../../../src/integrations/mlflow/run-reader.ts'

type Asked = { url: URL; authorization: string | null }

/** A reader whose server answers each path with a text. */
function reader(answer: (url: URL) => Response | Promise<Response>, options = {}) {
	const asked: Asked[] = []
	const fetch = (async (input: string, init: RequestInit) => {
		const url = new URL(input)
		asked.push({ url, authorization: new Headers(init.headers).get('authorization') })
		return answer(url)
	}) as typeof globalThis.fetch
	return { asked, reader: mlflowRunReader({ fetch }, { url: 'http://mlflow', ...options }) }
}

const info = { run_id: 'r1', status: 'FINISHED' }
const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status })

describe('the texts that name a run', () => {
	it.each([
		['mlflow:4f1c', { run: '4f1c' }],
		['runs:/4f1c/model', { run: '4f1c' }],
		['models:/credit-default/7', { model: 'credit-default', version: '7' }],
		['models:/credit default@champion', { model: 'credit default', alias: 'champion' }],
		['mlflow:models:/credit/7', { model: 'credit', version: '7' }],
		['models:/m-0ad0641530e24bd8b639931db6fc01b3', { loggedModel: 'm-0ad0641530e24bd8b639931db6fc01b3' }],
		['4f1c', undefined],
		['mlflow:', undefined],
		['mlflow:../../x', undefined],
		["mlflow:a' OR '1'='1", undefined],
		['models:/a/b/c', undefined],
		['https://example.com', undefined],
	])('%s', (text, reference) => expect(parseReference(text)).toEqual(reference))
})

describe('what the server answers', () => {
	it('is requested with a password or a token', async () => {
		const basic = reader(() => json({ run: { info } }), { username: 'jürgen', password: 'p:w' })
		await basic.reader.read('mlflow:r1')
		expect(basic.asked[0]?.authorization).toBe(`Basic ${Buffer.from('jürgen:p:w').toString('base64')}`)
		const bearer = reader(() => json({ run: { info } }), { token: 't' })
		await bearer.reader.read('mlflow:r1')
		expect(bearer.asked[0]?.authorization).toBe('Bearer t')
	})

	it('may lack all that is not needed, and be that of an older MLflow', async () => {
		const { reader: old } = reader((url) =>
			url.pathname.endsWith('/runs/get') ? json({ run: { info, data: {} } }) : json({ error_code: 'X' }, 404),
		)
		expect(await old.read('mlflow:r1')).toMatchObject({
			ok: true,
			value: { id: 'r1', params: {}, metrics: {}, datasets: [], models: [], commit: null, startedAt: null },
		})
	})

	it.each([
		['no JSON', () => new Response('<html>'), /JSON/],
		['another shape', () => json({ run: { info: { run_id: 7 } } }), /unexpected shape: run\.info/],
		['a refusal', () => json({}, 401), /answered 401: check PLUMBLINE_MLFLOW_USERNAME/],
		['its own reason', () => json({ message: 'Run r1 not found' }, 404), /answered 404: Run r1 not found/],
		['too much', () => new Response('x'.repeat(9 * 2 ** 20)), /larger than 8 MB/],
		[
			'nothing',
			() => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })),
			/ECONNREFUSED/,
		],
	])('is a failure that is reported, not thrown: %s', async (_name, answer, message) => {
		const result = await reader(answer).reader.read('mlflow:r1')
		expect(result).toMatchObject({ ok: false, error: { message: expect.stringMatching(message) } })
	})

	it('is cut to what lineage needs', async () => {
		const params = Array.from({ length: 5000 }, (_, i) => ({ key: `k${i}`, value: 'v'.repeat(6000) }))
		const result = await reader(() => json({ run: { info, data: { params } } })).reader.read('mlflow:r1')
		expect(JSON.stringify(result).length).toBeLessThan(300_000)
	})
})
