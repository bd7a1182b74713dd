import { expect, it } from 'vitest'
import { backoffMs, retry } from '../../src/core/retry.ts'

function failing(times: number) {
	let calls = 0
	return async () => {
		if (++calls <= times) throw new Error(`call ${calls}`)
		return calls
	}
}

it('repeats the work after each pause, and returns its value', async () => {
	const pauses: number[] = []
	const pause = async (ms: number) => void pauses.push(ms)
	const pauseAfter = ({ ok, number }: { ok: boolean; number: number }) =>
		ok ? undefined : backoffMs(number, 100, 250)
	expect(await retry(failing(3), pauseAfter, pause)).toBe(4)
	expect(pauses).toEqual([100, 200, 250])
})

it('throws the last error when it gives up, and can repeat on a value', async () => {
	const pause = async () => {}
	const threeTimes = ({ number }: { number: number }) => (number < 3 ? 1 : undefined)
	await expect(retry(failing(9), threeTimes, pause)).rejects.toThrow('call 3')
	expect(await retry(failing(0), threeTimes, pause)).toBe(3)
})
