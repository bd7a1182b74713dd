import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exp32, log32 } from '../../src/explain/floats.ts'

const golden: Record<string, string> = JSON.parse(
	readFileSync(new URL('formats/golden/libm.json', import.meta.url), 'utf8'),
)

test.each([
	['logf', log32, Math.log],
	['expf', exp32, Math.exp],
	['expf of less than 0', exp32, Math.exp],
] as const)(
	'%s is answered as the C library does, also where that is not the nearest float',
	(name, f, exact) => {
		const bytes = Buffer.from(golden[name] as string, 'base64')
		let [numbers, odd] = [0, 0]
		for (let at = 0; at < bytes.length; at += 8) {
			const [x, wanted] = [bytes.readFloatLE(at), bytes.readFloatLE(at + 4)]
			expect(f(x)).toBe(wanted)
			if (Math.fround(exact(x)) !== wanted) odd++
			numbers++
		}
		expect(odd).toBeGreaterThan(numbers / 3)
		expect(numbers).toBeGreaterThan(50)
	},
)

test('what has no last bit that matters is as in double', () => {
	expect([0, -1, 1, Number.POSITIVE_INFINITY].map(log32)).toEqual([-Infinity, Number.NaN, 0, Infinity])
	expect([-200, 0, 200, Number.NaN].map(exp32)).toEqual([0, 1, Infinity, Number.NaN])
})
