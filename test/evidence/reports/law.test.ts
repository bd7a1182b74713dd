import { describe, expect, it } from 'vitest'
import { lawAt, lawsFor, legalBasisOf, parseLaw } from '../../../src/evidence/reports/law.ts'
import { reportTemplates } from '../../../src/evidence/reports/templates/index.ts'
import { loadLaw } from '../../../src/platform/node/load-law.ts'

const files = await loadLaw()
const rows = [...parseLaw(files).values()]
const at = (day: string) => Date.parse(`${day}T00:00:00Z`)

const row = (versions: string) => ({
	name: 'test.yaml',
	text: `- id: one\n  rule: R\n  article: "1"\n  title: T\n  versions:\n${versions}`,
})
const version = (from: string, more = '') =>
	`    - { inForceFrom: ${from}, ${more}source: "https://law.example/${from}", confirm: false, text: T }\n`

describe('the packaged law tables', () => {
	it.each(rows)('say where $id is from and since when, without gaps in what they say', ({ versions }) => {
		for (const { source, inForceFrom, text } of versions) {
			expect(source).toMatch(/^https:\/\/[^/]+\.[a-z]+\//)
			expect(at(inForceFrom)).toBeGreaterThan(at('1950-01-01'))
			expect(text.length).toBeGreaterThan(40)
		}
	})

	it('have every row that a template rests on', () => {
		const ids = rows.map(({ id }) => id)
		for (const { law } of reportTemplates) expect(ids).toEqual(expect.arrayContaining([...law]))
	})

	it('give a report what was in force at its time', () => {
		const law = { law: files }
		expect(lawAt(law, 'ecoa-adverse-action', at('2026-03-01'))?.article).toBe('12 CFR 1002.9')
		expect(lawAt(law, 'colorado-automated-decision', at('2026-12-31'))).toBeUndefined()
		expect(lawAt(law, 'colorado-automated-decision', at('2027-01-01'))?.inForceFrom).toBe('2027-01-01')
		// What is yet to come is named with its date.
		const [coming] = lawsFor(law, ['colorado-automated-decision'], at('2026-12-31'))
		const articleAt = (day: string) => coming && legalBasisOf(coming, at(day)).article
		expect(articleAt('2026-12-31')).toBe('C.R.S. 6-1-1704 (not yet in force then)')
		expect(articleAt('2027-01-01')).toBe('C.R.S. 6-1-1704')
	})
})

describe('a law table', () => {
	const context = (versions: string) => ({ law: [row(versions)] })

	it('has one version at each time', () => {
		const law = context(version('2020-01-01') + version('2022-01-01', 'until: 2023-01-01, '))
		expect(lawAt(law, 'one', at('2019-12-31'))).toBeUndefined()
		expect(lawAt(law, 'one', at('2021-12-31'))?.source).toBe('https://law.example/2020-01-01')
		expect(lawAt(law, 'one', at('2022-01-01'))?.source).toBe('https://law.example/2022-01-01')
		expect(lawAt(law, 'one', at('2023-01-01'))).toBeUndefined()
		expect(lawsFor(law, ['one'], at('2023-01-01'))).toEqual([])
	})

	it.each([
		[
			'versions that overlap',
			version('2020-01-01', 'until: 2023-01-01, ') + version('2022-01-01'),
			/two versions/,
		],
		['versions out of order', version('2022-01-01') + version('2020-01-01'), /order/],
		['a day that does not exist', version('2022-13-01'), /does not exist/],
		['no source', '    - { inForceFrom: 2020-01-01, confirm: false, text: T }\n', /source/],
		['no date', '    - { source: "https://law.example", confirm: false, text: T }\n', /inForceFrom/],
	])('is refused with %s', (_, versions, message) => {
		expect(() => parseLaw([row(versions)])).toThrow(message)
	})

	it('has each id once', () => {
		const one = row(version('2020-01-01'))
		expect(() => parseLaw([one, { ...one, name: 'other.yaml' }])).toThrow('other.yaml: one is there twice.')
	})
})
