import { describe, expect, it } from 'vitest'
import { numberText } from '../../../src/charts/number-text.ts'
import { roundTicks, scaleToTicks } from '../../../src/charts/scale.ts'
import { escape } from '../../../src/charts/svg.ts'
import { evaluate } from '../../../src/cli/evaluate/evaluate.ts'
import type { Request } from '../../../src/cli/evaluate/options.ts'
import { evaluationPage } from '../../../src/cli/evaluate/page.ts'
import { request, rowsOfCsv } from './support.ts'

const evil = `<img src=x onerror="alert('1')">&amp;`

async function pageOf(more: Partial<Request>, csv: string, file = 'march.csv') {
	const asked = request({ score: 'score', ...more })
	const rows = await rowsOfCsv(asked, csv)
	return evaluationPage({ request: asked, rows, file, ...evaluate(asked, rows, undefined) })
}

const cell = (text: string) => `"${text.replaceAll('"', '""')}"`
const binary = `score,actual,${cell(evil)}\n${Array.from({ length: 400 }, (_, i) => `${((i * 37) % 101) / 101},${Number((i * 37) % 101 > (i * 53) % 101)},${cell(i % 2 ? evil : 'plain')}`).join('\n')}`

/** Tags that are open when they should not be, or closed twice. */
function unbalanced(html: string): string[] {
	const open: string[] = []
	const wrong: string[] = []
	for (const [, close, name, rest] of html.matchAll(/<(\/?)([a-zA-Z0-9]+)([^>]*)>/g)) {
		if (name === undefined || /^(meta)$/.test(name) || rest?.endsWith('/')) continue
		if (!close) open.push(name)
		else if (open.pop() !== name) wrong.push(name)
	}
	return [...wrong, ...open]
}

describe('the page', () => {
	it('has every picture with a name, a description and its numbers', async () => {
		const page = await pageOf({ groups: [evil] }, binary)
		const pictures = page.match(/<svg[^>]*>/g) ?? []
		// Calibration, ROC, precision and recall, scores; selection, true and false positive rate of the groups.
		expect(pictures).toHaveLength(7)
		for (const picture of pictures) {
			const [, a = '', b = ''] = /role="img".*aria-labelledby="(\S+) (\S+)"/.exec(picture) ?? []
			expect(page).toContain(`<title id="${a}">`)
			expect(page).toMatch(new RegExp(`<desc id="${b}">[^<]{10,}`))
		}
		expect(page.match(/<details>/g)).toHaveLength(4)
		expect(new Set(page.match(/ id="[^"]+"/g)).size).toBe(page.match(/ id="[^"]+"/g)?.length)
		expect(unbalanced(page)).toEqual([])
	})

	it('escapes names and values, wherever they come from', async () => {
		const page = await pageOf(
			{ groups: [evil], facets: [{ column: evil, value: evil }] },
			binary,
			`/x/${evil}`,
		)
		expect(page).not.toContain('<img')
		expect(page).not.toContain("alert('1')")
		expect(page).toContain(escape(evil))
		expect(unbalanced(page)).toEqual([])
		expect(escape('a\u0000b')).toBe('a\ufffdb')
	})

	it('loads nothing from the network and runs no script', async () => {
		const page = await pageOf({ groups: [evil] }, binary)
		// Without what stands in quotes, where names may hold anything.
		const tags = page.replaceAll(/"[^"]*"/g, '""')
		expect(tags).not.toMatch(/<script|<link|<iframe|<[^>]*\b(src|href)=|url\(|@import/)
		expect(page).toContain("default-src 'none'")
		expect(page).toContain('prefers-color-scheme:dark')
	})

	it('shows a regression by tenths and errors, and classes as a matrix', async () => {
		const lines = Array.from({ length: 300 }, (_, i) => `${i},${i + ((i * 7) % 13)}`)
		const regression = await pageOf({ task: 'regression' }, `score,actual\n${lines.join('\n')}`)
		expect(regression).toContain('Predicted and actual')
		expect(regression).toContain('prediction minus outcome')
		const classes = Array.from({ length: 90 }, (_, i) => `${'abc'[i % 3]},${'abc'[(i * i) % 3]}`)
		const matrix = await pageOf(
			{ task: 'multiclass', score: undefined, prediction: 'p' },
			`p,actual\n${classes.join('\n')}`,
		)
		expect(matrix).toContain('Decisions by actual class')
		for (const page of [regression, matrix]) expect(unbalanced(page)).toEqual([])
	})
})

describe('axes', () => {
	it.each([
		[0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
		[0, 0.07, [0, 0.02, 0.04, 0.06, 0.08]],
		[-3, 17, [-5, 0, 5, 10, 15, 20]],
		[5, 5, [5, 6, 7, 8, 9, 10]],
		[1e9, 3e9, [1e9, 1.5e9, 2e9, 2.5e9, 3e9]],
	])('from %d to %d has marks at round numbers', (low, high, ticks) => {
		expect(roundTicks(low, high)).toEqual(ticks)
	})

	it('place the ends of a range within them', () => {
		const scale = scaleToTicks([0.13, 0.94], [50, 400])
		expect([scale.at(scale.low), scale.at(scale.high)]).toEqual([50, 400])
		expect(scale.low).toBeLessThanOrEqual(0.13)
		expect(scale.high).toBeGreaterThanOrEqual(0.94)
	})

	it.each([
		[0.123456, '0.1235'],
		[12, '12'],
		[123456.7, '123,457'],
		[0.00001234, '1.23e-5'],
		[Number.NaN, '-'],
		[Number.POSITIVE_INFINITY, 'infinite'],
	])('%d reads %s', (x, text) => {
		expect(numberText(x)).toBe(text)
	})
})
