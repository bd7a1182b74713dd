import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { Context } from '../../src/context.ts'
import { DeploymentEvents } from '../../src/http/deployment-events.ts'
import { DeploymentFeed } from '../../src/registry/deployment/deployment-feed.ts'
import { setDeployment } from '../../src/registry/deployment/set-deployment.ts'
import { ModelInput } from '../../src/registry/model/model.schema.ts'
import { registerModel } from '../../src/registry/model/register-model.ts'
import { registerVersion } from '../../src/registry/version/register-version.ts'
import { VersionInput } from '../../src/registry/version/version.schema.ts'
import { admin } from '../support/actors.ts'
import { withContextPerTest } from '../support/fixtures.ts'

const test = withContextPerTest()
const minute = 60_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
afterEach(() => void vi.useRealTimers())

const deploy = (context: Context, champion: string) =>
	setDeployment(context, admin, 'credit', 'production', { champion })

/** A stream of a model's deployment, and whether its connection was cut. */
async function streamed(context: Context, longestMs?: number) {
	await registerModel(context, admin, ModelInput.parse({ model: 'credit', task: 'binary' }))
	for (const version of ['1', '2'])
		await registerVersion(context, admin, 'credit', VersionInput.parse({ version, features: [] }))
	await deploy(context, '1')
	const feed = new DeploymentFeed(context)
	context.committed = feed.committed
	const cut = vi.fn()
	const gone = new AbortController()
	const following = { actor: admin, model: 'credit', environment: 'production', lastEventId: null }
	const { stream } = new DeploymentEvents(context, feed, { signal: gone.signal, cut }, following, longestMs)
	const reader = stream.getReader()
	const read = async () => {
		const { value } = await reader.read()
		return value && new TextDecoder().decode(value)
	}
	return { read, cut, gone }
}

test('a stream has a comment every 15 seconds', async ({ context }) => {
	const { read, gone } = await streamed(context)
	expect(await read()).toMatch(/^event: deployment\nid: 1\ndata: \{.*"champion":"1".*\}\n\n$/)
	for (let n = 0; n < 3; n++) {
		vi.advanceTimersByTime(15_000)
		expect(await read()).toBe(':\n\n')
	}
	await deploy(context, '2')
	expect(await read()).toContain('id: 2\n')
	gone.abort()
	expect(await read()).toBeUndefined()
})

test('a stream that may not last ends after its time', async ({ context }) => {
	const { read, cut } = await streamed(context, 2 * minute)
	expect(await read()).toContain('id: 1\n')
	for (let n = 0; n < 7; n++) {
		vi.advanceTimersByTime(15_000)
		expect(await read()).toBe(':\n\n')
	}
	vi.advanceTimersByTime(15_000)
	expect(await read()).toBeUndefined()
	expect(cut).not.toHaveBeenCalled()
})

test('a client that reads nothing for two minutes is cut off, and costs nothing meanwhile', async ({
	context,
}) => {
	const { read, cut } = await streamed(context)
	expect(await read()).toContain('id: 1\n')
	for (let n = 0; n < 40; n++) await deploy(context, n % 2 === 0 ? '2' : '1')
	vi.advanceTimersByTime(minute)
	expect(cut).not.toHaveBeenCalled()
	vi.advanceTimersByTime(2 * minute)
	expect(cut).toHaveBeenCalledOnce()
	let events = 0
	for (let text = await read(); text !== undefined; text = await read())
		events += text.split('id: ').length - 1
	expect(events).toBeLessThan(10)
})

test('nothing is asked of the database while nobody follows', async ({ context }) => {
	const { read, gone } = await streamed(context)
	await read()
	const values = vi.spyOn(context.sql, 'values')
	const asked = () => values.mock.calls.filter(([{ sql }]) => sql.includes('deployment')).length
	vi.advanceTimersByTime(minute)
	await expect.poll(asked).toBeGreaterThan(0)
	gone.abort()
	await new Promise((resolve) => setTimeout(resolve, 50))
	const before = asked()
	vi.advanceTimersByTime(minute)
	await new Promise((resolve) => setTimeout(resolve, 50))
	expect(asked()).toBe(before)
})
