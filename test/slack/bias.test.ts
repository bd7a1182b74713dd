import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { dayMs, formatTime } from '../../src/core/time.ts'
import type { MetricPoint } from '../../src/metrics/metric-point.schema.ts'
import type { AttributeBias, ModelBias } from '../../src/monitoring/bias/read-bias.ts'
import type { ModelPerformance } from '../../src/monitoring/performance/read-performance.ts'
import type { ChosenSeries, WindowPoints } from '../../src/monitoring/windows/recent-windows.ts'
import { biasMessage, valueOf } from '../../src/slack/blocks/bias.ts'
import { performanceMessage } from '../../src/slack/blocks/performance.ts'
import { checkMessage } from '../support/block-kit.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import {
	type Applicant,
	applicantsOf,
	predict,
	registerLender,
	run,
	tellOutcomes,
} from '../support/lender.ts'
import { type PlumbServer, plumbServer } from '../support/plumb.ts'
import type { Json } from '../support/server.ts'

const start = startOfTest - 4 * dayMs
const digits = (x: number) => String(Number(x.toPrecision(3)))

async function answer(server: PlumbServer, metric: string, group: string, day: number): Promise<Json> {
	const period = `from=${formatTime(start + day * dayMs)}&to=${formatTime(start + (day + 1) * dayMs)}`
	const { body } = await server.fetch(
		`/v1/models/lender/metrics?window=1d&metric=${metric}&group=${encodeURIComponent(group)}&${period}`,
	)
	return body.items.find((a: Json) => a.subject.segment === undefined)
}

const it = withServer(plumbServer)

describe('/plumb bias', () => {
	let all: Applicant[]
	it.beforeAll(async ({ server }) => {
		await registerLender(server, { favourable: '1' })
		expect((await server.plumb('bias lender')).text).toContain('*lender* has no metrics')
		all = applicantsOf(5, 2).filter((a, i) => a.day < 4 || i % 200 < 50)
		await predict(server, all, start)
		await run(server)
	})

	it('has selection rates before there are outcomes, and says what rests on them', async ({ server }) => {
		const { shown } = await server.plumb('bias lender')
		expect(shown).toContain(
			'*2026-03-01* (no window is mature yet: metrics based on outcomes are *provisional*)',
		)
		expect(shown).toContain('• equal opportunity difference unknown: no outcome is known')
		expect(shown).toContain('• calibration gap unknown: no outcome is known')
		expect(shown).toMatch(/\*difference of mean scores\* 0\.\d+ \(/)
		expect(shown).toMatch(/\*demographic parity difference\* 0\.\d+ \(/)
		expect(shown).not.toContain('decided positive rows')
	})

	it('gives verdict, differences, chance and bars of every attribute in the last mature window', async ({
		server,
	}) => {
		const known = all.filter((a) => a.day < 3)
		await tellOutcomes(server, known, start + 3 * dayMs)
		await run(server)
		const { shown, text } = await server.plumb('bias lender')
		expect(shown).toContain('*2026-02-28* (last mature window): 200 predictions, outcomes known of 100%')
		for (const attribute of ['SEX', 'MARRIAGE']) {
			const rule = await answer(server, 'fairness.four_fifths', attribute, 2)
			const verdict = rule.reason.split(':')[0]
			expect(['pass', 'fail', 'inconclusive']).toContain(verdict)
			const said = `Four-fifths rule: *${verdict}*: ${rule.reason.split(': ')[1]}: impact ratio ${digits(rule.value)}`
			expect(shown).toContain(said)
			expect(text).toContain(`${attribute}: ${said}`)
			const parity = await answer(server, 'fairness.equal_opportunity_difference', attribute, 2)
			expect(shown).toContain(
				`• *equal opportunity difference* ${digits(parity.value)} (${digits(parity.low)} to ${digits(parity.high)}), between `,
			)
		}
		expect(shown).toMatch(/Since then, the four-fifths rule in 2026-03-01: SEX \w+, .*; MARRIAGE \w+, /)
		const women = await answer(server, 'fairness.selection_rate', 'SEX=f', 2)
		expect(shown).toMatch(/\nf │█+▒+ +0\.\d+ \(0\.\d+ to 0\.\d+\) n 100\n/)
		expect(shown).toContain(`${digits(women.value)} (${digits(women.low)} to ${digits(women.high)}) n 100`)
		expect(shown).toMatch(/Left out of .*disparate impact.*: other \(5 rows with a decision, fewer than 30\)/)
		expect(shown).toMatch(/\nother +│█*▒+ +0.* n 5\n/)
		expect(shown).not.toMatch(/Of those with at least 30 rows.*other/)
	})

	it('has one verdict on an attribute, whatever the ratio to the largest group is', async ({ server }) => {
		const most = await answer(server, 'fairness.demographic_parity_ratio', 'SEX', 2)
		const impact = await answer(server, 'fairness.disparate_impact', 'SEX', 2)
		expect([impact.value > 1, most.value < 0.8]).toEqual([true, true])
		expect([impact.reason, most.reason]).toEqual(['between f and m', 'between m and f'])
		const { shown } = await server.plumb('bias lender SEX')
		expect(shown.match(/Four-fifths rule/g)).toHaveLength(1)
		expect(shown).toMatch(/Four-fifths rule: \*(fail|inconclusive)\*: f against m: impact ratio 0\.\d+/)
		expect(shown).toContain('the share that got 1')
		expect(shown).not.toContain(':large_green_circle:')
	})

	it('shows intersections when they differ by more than chance, or on request', async ({ server }) => {
		const { shown } = await server.plumb('bias lender 7d')
		const own = await server.plumb('bias lender SEX X MARRIAGE')
		expect(shown).toContain('*SEX x MARRIAGE*, n ')
		expect(shown).toMatch(/\nf x married │█/)
		expect(own.shown).toContain('*SEX x MARRIAGE*, n 200')
		expect(own.shown).not.toContain('*SEX*, n')
		const alike = applicantsOf(1, 9).map((a, i) => ({ ...a, id: `y${i}`, score: (i % 7) / 7, day: 1 }))
		await server.post('/v1/models', {
			model: 'fair',
			task: 'binary',
			positiveLabel: '1',
			threshold: 0.5,
			sensitive: ['SEX', 'MARRIAGE', 'AGE'],
		})
		const features = ['SEX', 'MARRIAGE'].map((name) => ({ name, type: 'categorical' }))
		await server.post('/v1/models/fair/versions', { version: '1', features })
		await server.post(
			'/v1/models/fair/predictions',
			alike.map(({ id, score, SEX, MARRIAGE }, i) => ({
				predictionId: id,
				version: '1',
				timestamp: formatTime(start + i),
				features: { SEX, MARRIAGE },
				score,
			})),
		)
		await run(server)
		const fair = await server.plumb('bias fair')
		expect(fair.shown).toMatch(/without a significant difference \(q above 0\.05\): SEX x MARRIAGE\./)
		expect(fair.shown).not.toContain('*SEX x MARRIAGE*')
		expect(fair.shown).toContain('*AGE*: no row in this window has a group')
	})

	it('says what to do where there is nothing to compare', async ({ server }) => {
		await server.post('/v1/models', { model: 'plain', task: 'binary' })
		const { text } = await server.plumb('bias plain')
		expect(text).toContain('has no sensitive attributes')
		expect(text).toContain('PATCH /v1/models/plain')
		expect((await server.plumb('bias lender MARIAGE')).text).toContain('Did you mean "MARRIAGE"?')
		expect((await server.plumb('bias lender AGE')).text).toContain(
			'Sensitive attributes of this model: SEX, MARRIAGE, or two of them as "SEX x MARRIAGE"',
		)
		expect((await server.plumb('bias lendre')).text).toContain('Did you mean "lender"?')
		await server.fetch('/v1/models/lender', { method: 'PATCH', json: { sensitive: ['SEX', 'AGE'] } })
		expect((await server.plumb('bias lender')).shown).toContain('*AGE*: no row in this window has a group')
	})
})

describe('the name of a group', () => {
	it('is its value, or the values of an intersection', () => {
		expect(valueOf('SEX', 'SEX=2')).toBe('2')
		expect(valueOf('SEX x A', 'SEX=2 x A=b x c')).toBe('2 x b x c')
		expect(valueOf('SEX', 'other')).toBe('other')
	})
})

describe('messages of any size', () => {
	const text = fc.oneof(
		fc.string({ maxLength: 300, minLength: 1 }),
		fc.constant('<!channel> & <@U1> ``` `x`'),
		fc.constant('&'.repeat(3000)),
		fc.constant('x'.repeat(3000)),
	)
	const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }))
	const window = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-02T00:00:00.000Z' }
	const answers = (metric: string): fc.Arbitrary<MetricPoint> =>
		fc.record({
			metric: fc.constant(metric),
			subject: fc.record({
				model: text,
				version: text,
				environment: text,
				group: text.map((t) => `SEX=${t}`),
			}),
			window: fc.constant(window),
			status: fc.constant('ok' as const),
			value: number,
			n: fc.nat(),
			m: fc.constant(0),
			low: number,
			high: number,
			p: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
			q: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
			method: text,
			reason: fc.option(
				fc.oneof(
					text,
					text.map((t) => `fail: ${t}; left out: ${t}`),
				),
			),
			baseline: fc.constant(null),
			provisional: fc.boolean(),
			computedAt: fc.constant(window.to),
			trust: fc.constantFrom('ok' as const, 'doubtful' as const),
		})
	const chosenSeries: fc.Arbitrary<ChosenSeries> = fc
		.record({ id: fc.nat(), model: text, version: text, environment: text, segment: text, value: text })
		.map((series) => ({
			model: series.model,
			series,
			window: '1d',
			newest: Date.parse(window.from),
			others: Array(9).fill(series),
		}))
	const shown = ['performance.roc_auc', 'performance.f1', 'performance.brier', 'performance.ece']
	const windows: fc.Arbitrary<WindowPoints> = fc
		.tuple(answers('performance.outcome_coverage'), fc.tuple(...shown.map(answers)), fc.boolean())
		.map(([coverage, list, isMature]) => ({
			from: Date.parse(window.from),
			window,
			isMature,
			isOver: true,
			coverage,
			points: new Map(list.map((a) => [a.metric, a])),
		}))
	const attributes: fc.Arbitrary<AttributeBias> = fc.record({
		attribute: text,
		points: fc.tuple(answers('fairness.four_fifths'), answers('fairness.smd')),
		rates: fc.array(answers('fairness.selection_rate'), { maxLength: 30 }),
	})
	const biases: fc.Arbitrary<ModelBias> = fc.record({
		model: text,
		chosen: chosenSeries,
		at: windows,
		favourable: fc.option(text, { nil: undefined }),
		attributes: fc.array(attributes, { maxLength: 12 }),
		minGroup: fc.constant(30),
		unseen: fc.array(text, { maxLength: 20 }),
		alike: fc.array(text, { maxLength: 30 }),
		newer: fc.option(fc.record({ window: fc.constant(window), attributes: fc.array(attributes) }), {
			nil: undefined,
		}),
	})
	const performances: fc.Arbitrary<ModelPerformance> = fc.record({
		model: text,
		task: fc.constant('binary' as const),
		maturity: fc.constant({ coverage: 0.8, delay: '30d' }),
		chosen: chosenSeries,
		metric: fc.constant('performance.roc_auc'),
		shown: fc.constant(shown),
		mature: fc.option(windows, { nil: undefined }),
		maturedWithout: fc.nat(30),
		newest: fc.option(
			windows.map((w) => ({ ...w, from: w.from + dayMs })),
			{ nil: undefined },
		),
		trend: fc.array(windows, { maxLength: 1 }),
		estimates: fc.array(answers('estimated.roc_auc'), { maxLength: 3 }),
		realised: fc.constant({ inside: 3, of: 4 }),
		revised: fc.record({
			items: fc.array(
				fc.record({
					window: fc.constant(window),
					was: fc.double({ noNaN: true }),
					until: fc.constant(window.to),
					now: fc.double({ noNaN: true }),
					change: text,
				}),
			),
			count: fc.nat(20),
		}),
		gaps: fc.array(answers('performance.coverage_gap'), { maxLength: 2 }),
		changes: fc.array(answers('concept.adwin'), { maxLength: 30 }),
	})

	const check = (message: ReturnType<typeof biasMessage>) => {
		expect(checkMessage(message)).toEqual([])
		const markup = message.blocks.filter((b) => b.type !== 'header')
		expect(JSON.stringify([message.text, markup])).not.toMatch(/<[!@]/)
		// A code block that a name could end would let the rest of it be markup.
		for (const { text } of markup as { text?: { text: string } }[])
			if (text?.text.startsWith('```')) expect(text.text.match(/`+/g)).toEqual(['```', '```'])
	}

	it('keep the limits of Slack and mention nobody, whatever the names are', () => {
		fc.assert(
			fc.property(biases, (b) => check(biasMessage(b))),
			{ numRuns: 200 },
		)
		fc.assert(
			fc.property(performances, (p) => check(performanceMessage(p))),
			{ numRuns: 200 },
		)
	})

	it('say how many attributes do not fit, and how to see them', () => {
		const [one] = fc.sample(biases, { numRuns: 1, seed: 1 })
		const [attribute] = fc.sample(attributes, { numRuns: 1, seed: 1 })
		const many = { ...(one as ModelBias), attributes: Array(40).fill(attribute) }
		const message = biasMessage(many)
		expect(checkMessage(message)).toEqual([])
		expect(JSON.stringify(message.blocks)).toMatch(
			/\d+ more attributes do not fit: add the name of an attribute after/,
		)
	})
})
