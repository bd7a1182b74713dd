import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasPeers, peersPython } from '../support/peers.ts'
import { plumbline, processKey, type Serving, serveProcess } from '../support/process.ts'
import type { Json } from '../support/server.ts'

let folder: string
let server: Serving

async function call(method: string, path: string, json: unknown): Promise<Json> {
	const response = await fetch(server.url + path, {
		method,
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
		body: JSON.stringify(json),
	})
	const text = await response.text()
	expect(response.ok, `${method} ${path}: ${response.status} ${text}`).toBe(true)
	return JSON.parse(text)
}

const rule = 'rules:\n  - { name: few, window: 1d, when: quality.volume < 1000 }\n'

const day = 86_400_000
const rows = Array.from({ length: 60 }, (_, i) => ({
	predictionId: `p${i}`,
	subject: `s${i % 7}`,
	version: '1',
	timestamp: new Date(Math.floor(Date.now() / day - 1) * day + i * 600_000).toISOString(),
	features: { income: 1000 + ((i * 37) % 97), age: 20 + (i % 50) },
	groups: { sex: i % 2 === 0 ? 'f' : 'm' },
	score: ((i * 13) % 100) / 100,
}))

/** Something of each kind, so that its ids are there to be asked for. */
async function seed(): Promise<void> {
	const model = { model: 'credit', task: 'binary', positiveLabel: '1', threshold: 0.5, sensitive: ['sex'] }
	await call('POST', '/v1/models', model)
	const features = ['income', 'age'].map((name) => ({ name, type: 'numeric' }))
	await call('POST', '/v1/models/credit/versions', { version: '1', features })
	const baseline = rows.map(({ features: values, score }) => ({ features: values, score }))
	await call('PUT', '/v1/models/credit/versions/1/baseline', baseline)
	await call('POST', '/v1/models/credit/predictions', rows)
	const outcomes = rows.map(({ predictionId, timestamp }, i) => ({ predictionId, timestamp, actual: i % 2 }))
	await call('POST', '/v1/models/credit/outcomes', outcomes)
	const groups = rows.map(({ predictionId, timestamp, groups }) => ({ predictionId, timestamp, groups }))
	await call('POST', '/v1/models/credit/groups', groups)
	// One that opens an incident: it has few rows, and no baseline to wait for.
	await call('POST', '/v1/models', { model: 'plain', task: 'binary' })
	await call('POST', '/v1/models/plain/versions', { version: '1', features })
	const plain = rows.map(({ groups: _, subject: __, ...row }) => row)
	await call('POST', '/v1/models/plain/predictions', plain)
	const database = { PLUMBLINE_DATABASE_URL: `file:${join(folder, 'contract.db')}`, PLUMBLINE_RULES: folder }
	expect(await plumbline(['run', 'all'], database)).toMatchObject({ code: 0 })
	await call('PUT', '/v1/models/credit/deployments/production', { champion: '1' })
	await call('POST', '/v1/silences', { models: ['credit'], reason: 'contract', expires: '1h' })
}

/** Ids that are there, beside the made-up ones. */
async function settings(): Promise<string> {
	const list = await fetch(`${server.url}/v1/incidents`, {
		headers: { authorization: `Bearer ${processKey}` },
	})
	const { items } = (await list.json()) as Json
	expect(items.length).toBeGreaterThan(0)
	const values = { model: 'credit', version: '1', environment: 'production', predictionId: 'p3', revision: 1 }
	const lines = Object.entries(values).map(([name, value]) => `"path.${name}" = ${JSON.stringify(value)}`)
	const incident = `[[operations]]\ninclude-path-regex = "^/v1/incidents/"\nparameters = { "path.id" = "${items[0].id}" }`
	// A body of rows that can be read is 200 whatever its rows are: each wrong row is named in the reply.
	const ofRows = `[[operations]]\ninclude-path-regex = "/(predictions|outcomes|groups|features|baseline)$"\ninclude-method = ["POST", "PUT"]\nchecks.negative_data_rejection.enabled = false`
	// No schema says that a date lies in the future or that a model exists: what is wrong in content alone is 422.
	const content = '[checks]\npositive_data_acceptance.enabled = false'
	return `${content}\n\n[parameters]\n${lines.join('\n')}\n\n${incident}\n\n${ofRows}\n`
}

describe.runIf(hasPeers('schemathesis'))('with a database that holds something of each kind,', () => {
	beforeAll(async () => {
		folder = await mkdtemp(join(tmpdir(), 'plumbline-contract-'))
		await writeFile(join(folder, 'any.yaml'), rule)
		server = await serveProcess(join(folder, 'contract.db'), { PLUMBLINE_RULES: folder })
		await seed()
		await writeFile(join(folder, 'schemathesis.toml'), await settings())
	})
	afterAll(async () => {
		await server?.kill('SIGTERM')
		await rm(folder, { recursive: true, force: true })
	})

	it('the service keeps every promise of its OpenAPI document, as schemathesis tries it', async () => {
		const { code, out } = await new Promise<{ code: number; out: string }>((resolve) => {
			execFile(
				join(dirname(peersPython), 'st'),
				[
					...['--config-file', join(folder, 'schemathesis.toml'), 'run', `${server.url}/openapi.json`],
					...['--header', `Authorization: Bearer ${processKey}`],
					...['--max-examples', '5', '--seed', '20260301', '--no-shrink', '--continue-on-failure'],
					...['--request-timeout', '120', '--suppress-health-check', 'all', '--warnings', 'off'],
				],
				{
					cwd: folder,
					maxBuffer: 2 ** 26,
					env: {
						...process.env,
						SCHEMATHESIS_HOOKS: fileURLToPath(new URL('contract-hooks.py', import.meta.url)),
						PYTHONDONTWRITEBYTECODE: '1',
					},
				},
				(error, stdout, stderr) =>
					resolve({ code: error ? Number(error.code ?? -1) : 0, out: stdout + stderr }),
			)
		})
		expect(code, out.slice(-8000)).toBe(0)
		expect(Number(/(\d+) generated/.exec(out)?.[1])).toBeGreaterThan(2000)
	})
})
