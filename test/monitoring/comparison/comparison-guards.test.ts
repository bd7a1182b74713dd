import { expect } from 'vitest'
import { Chance } from '../../../src/demo/random.ts'
import { startOfTest } from '../../support/context.ts'
import { withOpener } from '../../support/fixtures.ts'
import type { Json } from '../../support/server.ts'
import { versionServer } from '../../support/versions.ts'

const it = withOpener(versionServer)

const binary = { task: 'binary', positiveLabel: '1', threshold: 0.5 }
const clip = (p: number) => Math.min(0.99, Math.max(0.01, p))
const both = ['1', '2'] as const
const guard = (answer: Json, metric: string, group?: string) =>
	answer.guards.find((g: Json) => g.metric === metric && g.group === group)

it('a constant score is not promoted for its calibration', async ({ open }) => {
	const server = await open(binary)
	const chance = new Chance(1)
	await server.send(
		Array.from({ length: 2000 }, (_, request) => {
			const p = chance.uniform()
			const actual = chance.uniform() < 0.5 * p * p ? 1 : 0
			return both.map((version) => ({
				version,
				request,
				actual,
				subject: `s${request}`,
				score: version === '1' ? clip(0.3 + 0.5 * p) : 0.17,
			}))
		}).flat(),
	)
	const answer = await server.compare()
	expect(answer.gain.low).toBeGreaterThan(0)
	expect(answer).toMatchObject({ design: 'paired', verdict: 'keep', reason: 'the challenger breaks ROC AUC' })
	expect(guard(answer, 'performance.roc_auc')).toMatchObject({
		challenger: 0.5,
		holds: false,
		tolerance: 0.02,
	})
	expect(guard(answer, 'performance.roc_auc').high).toBeLessThan(-0.02)
	expect(guard(answer, 'performance.error_rate').holds).toBe(true)
})

it('a version that is better for all but one group is not promoted', async ({ open }) => {
	const server = await open({ ...binary, sensitive: ['sex'] })
	const chance = new Chance(2)
	const sexOf = (request: number) => (request % 3 === 0 ? 'f' : 'm')
	await server.send(
		Array.from({ length: 2000 }, (_, request) => {
			const p = chance.uniform()
			const actual = chance.uniform() < p ? 1 : 0
			const worse = sexOf(request) === 'f' ? 0.4 : 0
			const scores = { 1: clip(p + 0.4 * chance.normal()), 2: clip(p + worse) }
			return both.map((version) => ({
				...{ version, request, actual, subject: `s${request}`, score: scores[version] },
			}))
		}).flat(),
	)
	const timestamp = new Date(server.clock.now).toISOString()
	const groups = Array.from({ length: 2000 }, (_, i) => ({
		subject: `s${i}`,
		timestamp,
		groups: { sex: sexOf(i) },
	}))
	// While no group is known, all rows are one.
	expect(await server.compare()).toMatchObject({ verdict: 'promote' })
	await server.post('groups', groups)
	const answer = await server.compare()
	expect(answer.gain.low).toBeGreaterThan(0)
	expect(answer.verdict).toBe('keep')
	expect(guard(answer, 'performance.error_rate').holds).toBe(true)
	expect(guard(answer, 'performance.error_rate', 'sex=f')).toMatchObject({ holds: false, tolerance: 0.05 })
	expect(guard(answer, 'performance.error_rate', 'sex=m').holds).toBe(true)
	const selection = guard(answer, 'fairness.demographic_parity_difference', 'sex=f')
	expect(selection.challenger).toBeGreaterThan(selection.champion + 0.2)
	expect(selection).toMatchObject({ holds: false, tolerance: 0.05 })
	expect(answer.reason).toBe('the challenger breaks selection of sex=m and selection of sex=f')
	const lenient = await server.compare('?groupTolerance=0.9')
	expect(lenient.verdict).toBe('promote')
	const { body } = await server.promote()
	expect(body.evidence.comparison).toMatchObject({ verdict: 'keep', guards: answer.guards })
})

it('a canary that is better by every guard is promoted, and an equal one waits', async ({ open }) => {
	const server = await open(binary, { canary: { version: '2', percent: 50 } })
	const chance = new Chance(3)
	const rows = (noise: number, from: number) =>
		Array.from({ length: 3000 }, (_, i) => {
			const p = chance.uniform()
			const version = both[chance.uniform() < 0.5 ? 0 : 1]
			const score = clip(p + (version === '1' ? 0.4 : noise) * chance.normal())
			return { version, request: from + i, actual: chance.uniform() < p ? 1 : 0, score }
		})
	await server.send(rows(0.4, 0))
	expect((await server.compare()).verdict).toBe('not-yet')
	// The same content again is no new deployment: the challenger first, then the canary anew.
	await server.deploy({})
	server.clock.advance(1000)
	await server.deploy({ canary: { version: '2', percent: 50 } })
	const after = server.clock.now - startOfTest
	await server.send(rows(0.02, 3000).map((row, i) => ({ ...row, after: after + i })))
	const answer = await server.compare()
	expect(answer).toMatchObject({ design: 'split', outcomes: 3000, verdict: 'promote', clippedAt: null })
	expect(answer.guards.map((g: Json) => [g.metric, g.holds])).toEqual([
		['performance.error_rate', true],
		['service.error_rate', true],
		['performance.roc_auc', true],
	])
	for (const g of answer.guards) {
		expect(g.low).toBeLessThan(valueOf(g))
		expect(g.high).toBeGreaterThan(valueOf(g))
	}
})

/** How much better the challenger is: more ROC AUC, fewer errors. */
const valueOf = ({ metric, champion, challenger }: Json) =>
	metric === 'performance.roc_auc' ? challenger - champion : champion - challenger
