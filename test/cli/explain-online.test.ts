import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { declined, lendingFeatures, lendingFile, served } from '../support/lending-model.ts'
import { plumbline, processKey, type Serving, serveProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
let server: Serving
const artifact = JSON.stringify(lendingFile)

async function call(method: string, path: string, json: unknown): Promise<void> {
	const response = await fetch(server.url + path, {
		method,
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
		body: typeof json === 'string' ? json : JSON.stringify(json),
	})
	if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
}

beforeAll(async () => {
	server = await serveProcess(join(folder, 'plumbline.db'))
	const sha256 = createHash('sha256').update(artifact).digest('hex')
	await call('POST', '/v1/models', {
		model: 'lending',
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
		sensitive: ['SEX'],
	})
	await call('POST', '/v1/models/lending/versions', {
		version: '7',
		features: lendingFeatures,
		artifact: { sha256, format: 'linear-json' },
		lineage: { run: 'mlflow:4f1c', commit: '9fceb02' },
	})
	const upload = await fetch(`${server.url}/v1/models/lending/versions/7/artifact`, {
		method: 'PUT',
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/octet-stream' },
		body: artifact,
	})
	expect(upload.ok, await upload.text()).toBe(true)
	const timestamp = new Date().toISOString()
	const score = served(declined)
	await call('POST', '/v1/models/lending/predictions', [
		{ predictionId: 'declined/1', version: '7', timestamp, features: declined, score },
		{ predictionId: 'swapped', version: '7', timestamp, features: declined, score: score - 0.1 },
	])
})
afterAll(() => server.kill('SIGTERM'))

const explain = (...args: string[]) =>
	plumbline(['explain', ...args], { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: processKey })

describe('plumbline explain MODEL PREDICTION', () => {
	it('says the decision, whether it replays, what made the score, and where it comes from', async () => {
		const { code, out, err } = await explain('lending', 'declined/1')
		expect(code, err).toBe(0)
		expect(out).toMatch(/^declined\/1: 1, score 0\.9\d+, threshold 0\.5\nlending@7, /)
		expect(out).toContain('Replayed with the registered artefact: the same score\n')
		expect(out).toMatch(/Contributions to the score: log-odds by linear-shap, base -1\.\d+, together \d/)
		expect(out).toMatch(/ {2}late +4 +\+3\.06 {2}\+{24}/)
		expect(out).toMatch(
			/Where it comes from\n {2}artefact +[0-9a-f]{64}\n {2}run +mlflow:4f1c\n {2}commit +9fceb02/,
		)
	})

	it('begins with what is uncertain', async () => {
		const { out } = await explain('lending', 'swapped')
		expect(out).toMatch(/^NOT REPLAYED: the registered model answers 0\.\d+, 0\.\d+ was logged/)
	})

	it('prints the whole answer for machines', async () => {
		const { out } = await explain('lending', 'declined/1', '--json')
		expect(JSON.parse(out)).toMatchObject({ predictionId: 'declined/1', replay: { status: 'matched' } })
	})

	it('says what to do when there is no such prediction', async () => {
		const { code, err } = await explain('lending', 'nobody')
		expect([code, err]).toEqual([2, expect.stringMatching(/404/)])
	})
})
