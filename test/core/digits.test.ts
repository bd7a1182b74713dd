import { expect, it } from 'vitest'
import { scoreDigits } from '../../src/core/digits.ts'
import { numberText } from '../../src/evidence/reports/render/front-matter.ts'

it.each([
	[0.3499998199, 0.35, 0.3499998],
	[0.6516690937, 0.35, 0.6517],
	[0.35, 0.35, 0.35],
	[1234, 620.5, 1234],
	[0.12345678, null, 0.1235],
])('a score of %d stays on its side of the threshold %d as %d', (score, threshold, short) => {
	expect(scoreDigits(score, threshold)).toBe(short)
})

it.each([
	[0.057999999999999996, '0.058'],
	[0.6516690937123651, '0.651669'],
	[3.922848894816159e-7, '3.92285e-7'],
	[-12345.678901234567, '-12345.68'],
	[1234567.25, '1234567.25'],
	[12345678901234, '12345678901234'],
	[0, '0'],
])('%d is shown as %s', (value, text) => {
	expect(numberText(value)).toBe(text)
})
