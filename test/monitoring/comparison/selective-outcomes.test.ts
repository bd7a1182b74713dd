import { describe, expect } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { withOpener } from '../../support/fixtures.ts'
import { versionServer } from '../../support/versions.ts'

const it = withOpener(versionServer)

const binary = { task: 'binary', positiveLabel: '1', threshold: 0.5 }
const clip = (p: number) => Math.min(0.99, Math.max(0.01, p))

/** 3,000 applications, half of them each version's; whoever is declined has no outcome. The second adds to its scores. */
async function lend(open: typeof versionServer, added: number) {
	const server = await open(binary, { canary: { version: '2', percent: 50 } })
	const chance = new Chance(4)
	await server.send(
		Array.from({ length: 3000 }, (_, request) => {
			const p = chance.uniform()
			const version = chance.uniform() < 0.5 ? '1' : '2'
			const score = clip(p + (version === '2' ? added : 0))
			const actual = chance.uniform() < p ? 1 : 0
			return { version, request, score, ...(score < 0.5 ? { actual } : {}) } as const
		}),
	)
	return server
}

describe('outcomes that only approved rows have', () => {
	it('decide nothing when the versions approve differently, and no promotion is requested', async ({
		open,
	}) => {
		const server = await lend(open, 0.2)
		expect(await server.compare()).toMatchObject({
			verdict: 'selective',
			gain: { value: null, low: null, high: null },
			guards: [],
			moreOutcomes: null,
		})
		const { status, body } = await server.promote()
		expect(status).toBe(409)
		expect(body.detail).toMatch(/outcomes are known for \d+% of the champion's rows/)
	})

	it('are harmless when both approve alike', async ({ open }) => {
		const server = await lend(open, 0)
		const answer = await server.compare()
		expect(answer.verdict).toBe('not-yet')
		expect(answer.reason).toBe(
			'outcomes are known for 0% of the rows with the positive decision and 100% of the others, and it is not known yet whether the versions decide alike',
		)
		expect((await server.promote()).status).toBe(201)
	})

	it('decide nothing about a challenger that scores the same requests and would decide others', async ({
		open,
	}) => {
		const server = await open(binary)
		const chance = new Chance(5)
		await server.send(
			Array.from({ length: 1000 }, (_, request) => {
				const p = chance.uniform()
				const scores = { 1: clip(p + 0.2 * chance.normal()), 2: clip(p + 0.2 * chance.normal()) }
				const actual = chance.uniform() < p ? 1 : 0
				return (['1', '2'] as const).map((version) => ({
					...{ version, request, subject: `s${request}`, score: scores[version] },
					...(version === '1' && scores[1] < 0.5 ? { actual } : {}),
				}))
			}).flat(),
		)
		const answer = await server.compare()
		expect(answer).toMatchObject({ design: 'paired', verdict: 'selective' })
		expect(answer.reason).toMatch(
			/^outcomes are known for 0% of the rows with the positive decision and \d+% of the others, and the versions decide differently$/,
		)
	})
})
