import { join } from 'node:path'
import { expect, it } from 'vitest'
import { filesUnder, foundIn, own, values } from '../../support/erased.ts'
import { processKey, type Serving, serveProcess } from '../../support/process.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const call = async ({ url }: Serving, method: string, path: string, json?: unknown) =>
	fetch(url + path, {
		method,
		headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
		...(json === undefined ? {} : { body: JSON.stringify(json) }),
	})

async function writeStory(server: Serving): Promise<void> {
	await call(server, 'POST', '/v1/models', { model: 'm', task: 'binary' })
	const features = [
		{ name: 'income', type: 'numeric' },
		{ name: 'note', type: 'text' },
	]
	await call(server, 'POST', '/v1/models/m/versions', { version: '1', features })
	const now = Date.now()
	// One chunk a day, so that the erasure has many steps.
	const rows = Array.from({ length: 20 }, (_, i) => ({
		predictionId: `a${i}`,
		version: '1',
		timestamp: new Date(now - i * 86_400_000).toISOString(),
		subject: 'ada-lovelace',
		features: own,
		score: values.score,
	}))
	const answer = await call(server, 'POST', '/v1/models/m/predictions', rows)
	expect(((await answer.json()) as { accepted: number }).accepted).toBe(20)
	expect(
		(
			await call(server, 'POST', '/v1/models/m/outcomes', [
				{ predictionId: 'a3', actual: '1', timestamp: new Date(now).toISOString() },
			])
		).status,
	).toBe(200)
}

it.each([60, 300])('an erasure that is killed after %i ms is finished by the next start', async (ms) => {
	const folder = temporaryFolder()
	const file = join(folder, 'plumbline.db')
	const first = await serveProcess(file)
	await writeStory(first)
	const request = call(first, 'POST', '/v1/subjects/ada-lovelace/erase', { reason: 'a request' }).catch(
		() => {},
	)
	await new Promise((resolve) => setTimeout(resolve, ms))
	await first.kill('SIGKILL')
	await request
	const second = await serveProcess(file)
	try {
		const answer = (await (await call(second, 'GET', '/v1/models/m/predictions/a19')).json()) as {
			code?: string
		}
		// Decided before the end of the process, it is erased; else nothing was changed, and it is asked again.
		if (answer.code !== 'erased')
			expect(
				(await call(second, 'POST', '/v1/subjects/ada-lovelace/erase', { reason: 'a request' })).status,
			).toBe(200)
		await expect.poll(() => foundIn(folder), { timeout: 20_000, interval: 250 }).toEqual([])
		const again = await call(second, 'POST', '/v1/subjects/ada-lovelace/erase', { reason: 'a request' })
		expect(((await again.json()) as { counts: { predictions: number } }).counts.predictions).toBe(0)
		for (const id of ['a0', 'a10', 'a19'])
			expect((await call(second, 'GET', `/v1/models/m/predictions/${id}`)).status).toBe(410)
	} finally {
		await second.kill('SIGTERM')
	}
	expect(filesUnder(folder).length).toBeGreaterThan(0)
	expect(foundIn(folder)).toEqual([])
})
