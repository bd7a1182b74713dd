import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Breather } from '../../src/core/breather.ts'
import { ByteBudget } from '../../src/core/byte-budget.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { RequestBody } from '../../src/http/body.ts'

beforeEach(
	() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }),
)
afterEach(() => void vi.useRealTimers())

/** A body whose pieces of `bytes` come every second. */
function bodyOf(pieces: number, bytes: number): RequestBody {
	let left = pieces
	const source = {
		next: () =>
			new Promise<Uint8Array | undefined>((resolve) => {
				setTimeout(() => resolve(left-- > 0 ? new Uint8Array(bytes) : undefined), 1000)
			}),
		stop() {},
	}
	const request = new Request('http://x/', { method: 'POST' })
	return new RequestBody(request, source, defaultLimits, new ByteBudget(defaultLimits.bytesInFlight))
}

async function sizeOf(body: RequestBody): Promise<number> {
	let size = 0
	for await (const chunk of body) size += chunk.length
	return size
}

it('takes a body that comes slowly but steadily', async () => {
	const size = sizeOf(bodyOf(120, 2000))
	await vi.advanceTimersByTimeAsync(130_000)
	expect(await size).toBe(240_000)
})

it('refuses a body that trickles, and one that takes too long although it is not slow', async () => {
	const trickle = sizeOf(bodyOf(1000, 10)).catch((error) => error)
	await vi.advanceTimersByTimeAsync(20_000)
	expect(await trickle).toMatchObject({
		code: 'timeout',
		message: expect.stringContaining('bodyBytesPerSecond'),
	})
	const long = sizeOf(bodyOf(10_000, 2000)).catch((error) => error)
	await vi.advanceTimersByTimeAsync(defaultLimits.bodyMs + 2000)
	expect(await long).toMatchObject({ code: 'timeout', message: expect.stringContaining('limit bodyMs') })
})

it('stops a body that costs more CPU time than its size allows', async () => {
	let cpu = 0
	const breather = new Breather(100, () => cpu)
	const spend = async (ms: number) => {
		const until = performance.now() + ms
		while (performance.now() < until);
		cpu += ms
		expect(breather.isDue).toBe(true)
		await breather.breathe()
	}
	breather.allow(20_000)
	for (let i = 0; i < 5; i++) await spend(20)
	await expect(
		(async () => {
			await spend(20)
			await spend(20)
		})(),
	).rejects.toMatchObject({
		code: 'too-large',
		message: expect.stringContaining('limit bodyCpuMs'),
	})
})
