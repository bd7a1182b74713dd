import { describe, expect } from 'vitest'
import { dayMs, formatTime, hourMs } from '../../src/core/time.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { admin } from '../support/actors.ts'
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

const start = startOfTest - 6 * dayMs
const digits = (x: number) => String(Number(x.toPrecision(3)))

async function answer(server: PlumbServer, metric: string, day: number): Promise<Json> {
	const from = `${formatTime(start + day * dayMs)}&to=${formatTime(start + (day + 1) * dayMs)}`
	const { body } = await server.fetch(
		`/v1/models/lender/metrics?window=1d&metric=${metric}&from=${from}&version=1`,
	)
	return body.items.find((a: Json) => a.subject.segment === undefined)
}

const it = withServer(plumbServer)

describe('/plumb performance', () => {
	let all: Applicant[]
	it.beforeAll(async ({ server }) => {
		await registerLender(server)
		all = applicantsOf(7, 2).filter((a, i) => a.day < 6 || i % 200 < 50)
		await predict(server, all, start)
		await run(server)
	})

	it('says how to send outcomes while there are none, beside the estimate', async ({ server }) => {
		const { shown } = await server.plumb('performance lender')
		expect(shown).toContain('*No outcome is known yet*')
		expect(shown).toContain('POST /v1/models/lender/outcomes')
		expect(shown).toContain('mature when 80% of its outcomes are known, or 5d after its end')
		const estimate = await answer(server, 'estimated.roc_auc', 6)
		expect(shown).toContain(`estimated at ${digits(estimate.value)} (${digits(estimate.low)} to `)
		expect(shown).toContain('No past estimate could be checked yet')
		expect(shown).toMatch(/\nestimate {2}[▁-█]{14}\n/)
	})

	it('shows the last mature and the newest window, the trend, and how estimates turned out', async ({
		server,
	}) => {
		const known = all.filter((a, i) => a.day < 4 && i % 10 < 8)
		await tellOutcomes(server, known, start + 4 * dayMs)
		await run(server)
		const { shown, text } = await server.plumb('performance lender')
		const auc = await answer(server, 'performance.roc_auc', 3)
		expect(auc.provisional).toBe(false)
		expect(shown).toContain(
			'*Last mature window* 2026-02-27: 200 predictions, outcomes known of 80% (73.9% to 85%)',
		)
		const said = `${digits(auc.value)} (${digits(auc.low)} to ${digits(auc.high)})`
		expect(shown).toContain(`*roc_auc* ${said}, n 160`)
		expect(shown).toContain('*Newest window* 2026-03-02, *provisional*: it is not over; 50 predictions')
		expect(shown).toContain('accuracy, precision, recall, f1 unknown: no outcome is known')
		const values = await Promise.all([0, 1, 2, 3].map((day) => answer(server, 'performance.roc_auc', day)))
		const numbers = values.map((a) => a.value)
		expect(shown).toContain(
			`*Trend* of roc_auc over 7 windows: from ${digits(numbers[0])} (2026-02-24) to ${digits(numbers[3])} (2026-02-27), lowest ${digits(Math.min(...numbers))} `,
		)
		expect(shown).toMatch(/```\n[\s\S]*┤[\s\S]*└─{14}\n[\s\S]*2026-02-24 {4}2026-03-02\n```/)
		const estimates = await Promise.all([0, 1, 2, 3].map((d) => answer(server, 'estimated.roc_auc', d)))
		const inside = estimates.filter((a) => a.realised.inside).length
		expect(shown).toContain(`the interval contained the realised value in ${inside} of 4.`)
		expect(text).toContain(said)
		expect(shown).not.toContain('Restated')
	})

	it('says what was restated and why, and that outcomes are not missing at random', async ({ server }) => {
		const before = await answer(server, 'performance.roc_auc', 3)
		const late = all.filter((a, i) => a.day === 3 && i % 10 > 7 && a.SEX === 'm')
		server.clock.advance(hourMs)
		await tellOutcomes(
			server,
			late.map((a) => ({ ...a, actual: a.score > 0.5 ? 0 : 1 })),
			start + 5 * dayMs,
		)
		await run(server)
		const after = await answer(server, 'performance.roc_auc', 3)
		const { shown, text } = await server.plumb('performance lender')
		expect(shown).toContain(
			`*Restated* roc_auc:\n• 2026-02-27: was ${digits(before.value)} until 2026-03-02, now ${digits(after.value)}: ${late.length} late outcomes`,
		)
		expect(text).toContain('*Restated*')
		const gap = await answer(server, 'performance.coverage_gap', 3)
		expect(gap.p).toBeLessThan(0.01)
		expect(shown).toContain(
			`:warning: Outcomes of 2026-02-27 are not missing at random: coverage differs by ${digits(gap.value)} (p &lt; 0.001; `,
		)
		expect(shown).toContain(gap.reason.replace('outcomes are not missing at random: ', ''))
	})

	it('warns of changes that detectors found', async ({ server }) => {
		const wrong = applicantsOf(20, 5).map((a, i) => ({ ...a, id: `x${i}`, day: i < 2000 ? 4 : 5 }))
		await predict(server, wrong, start)
		await tellOutcomes(
			server,
			wrong.map((a, i) => ({ ...a, actual: (a.score >= 0.5 ? 1 : 0) === (i < 2000 ? 1 : 0) ? 1 : 0 })),
			start + 5.5 * dayMs,
		)
		await run(server)
		const concept = await answer(server, 'concept.adwin', 5)
		expect(concept.value).toBeGreaterThan(0)
		const { shown } = await server.plumb('performance lender')
		expect(shown).toMatch(/:warning: ADWIN found \d+ changes? in the errors, .*2026-03-01/)
		expect((await server.plumb('performance lender segment branch:north')).shown).not.toContain('ADWIN')
	})

	it('takes a metric, a window and a segment, in any order', async ({ server }) => {
		const { shown } = await server.plumb('performance lender 7d segment branch:north brier')
		expect(shown).toContain('Version 1 in production, branch = north, windows of 7d in UTC')
		expect(shown).toContain('week from 2026-02-23')
		expect(shown).toContain('• *brier* ')
		expect(shown).toContain('*Trend*: brier is known for one window')
		expect((await server.plumb('performance lender performance.f1')).shown).toContain('*Trend* of f1')
	})

	it('is about the version that serves production, and names the others', async ({ server }) => {
		const features = ['SEX', 'MARRIAGE'].map((name) => ({ name, type: 'categorical' }))
		await server.post('/v1/models/lender/versions', { version: '2', features })
		await server.post(
			'/v1/models/lender/predictions',
			Array.from({ length: 40 }, (_, i) => ({
				predictionId: `second${i}`,
				version: '2',
				timestamp: formatTime(start + 6 * dayMs + i),
				features: { SEX: 'f', MARRIAGE: 'single' },
				score: i / 40,
			})),
		)
		await run(server)
		const serve = (champion: string) =>
			server.fetch('/v1/models/lender/deployments/production', { method: 'PUT', json: { champion } })
		for (const [champion, other] of [
			['1', '2'],
			['2', '1'],
			['1', '2'],
		] as const) {
			expect((await serve(champion)).status).toBeLessThan(300)
			expect((await server.plumb('performance lender')).shown).toContain(
				`Version ${champion} in production, windows of 1d in UTC. Other series: ${other} in production`,
			)
		}
	})

	it('names what is near to what it does not know', async ({ server }) => {
		expect((await server.plumb('performance')).text).toContain('Add the name of a model')
		expect((await server.plumb('performance lendr brier')).text).toContain('Did you mean "lender"?')
		const { text } = await server.plumb('performance lender recal')
		expect(text).toContain('Did you mean "recall"?')
		expect(text).toContain('segments branch:north, branch:south')
		expect((await server.plumb('performance lender mae')).text).toContain(
			'A binary model has the metrics accuracy',
		)
	})

	it('is only for those whose scope has the model', async ({ server }) => {
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U2', role: 'viewer', models: ['other-*'] })
		for (const command of ['performance', 'bias']) {
			const { text } = await server.plumb(`${command} lender`, 'U2')
			expect(text).toContain('may not reach the model "lender"')
			expect(await server.plumb(`${command} lender`, 'U3')).toMatchObject({
				text: expect.stringContaining('no role'),
			})
		}
	})
})

describe('/plumb performance of other models', () => {
	it('evaluates each task by its own metrics, and finds models whose names have blanks', async () => {
		const server = await plumbServer()
		const versions = { version: '1', features: [{ name: 'x', type: 'numeric' }] }
		const send = async (task: string, rows: Json[], actuals: unknown[]) => {
			const path = `/v1/models/${encodeURIComponent(`my ${task}`)}`
			await server.post('/v1/models', { model: `my ${task}`, task })
			await server.post(`${path}/versions`, versions)
			const nothing = await server.plumb(`performance my ${task} 7d`)
			expect(nothing.text).toContain(`*my ${task}* has no metrics in windows of 7d yet`)
			const at = (i: number) => formatTime(startOfTest - 2 * dayMs + i * 1000)
			await server.post(
				`${path}/predictions`,
				rows.map((row, i) => ({
					predictionId: `p${i}`,
					version: '1',
					timestamp: at(i),
					features: {},
					...row,
				})),
			)
			await server.post(
				`${path}/outcomes`,
				actuals.map((actual, i) => ({ predictionId: `p${i}`, actual, timestamp: at(i + 5000) })),
			)
			await run(server)
			return (await server.plumb(`performance my ${task}`)).shown
		}
		const ids = Array.from({ length: 60 }, (_, i) => i)
		const regression = await send(
			'regression',
			ids.map((i) => ({ score: 2000 + i })),
			ids.map((i) => 2000 + 2 * i),
		)
		expect(regression).toContain('• *mae* 29.5 (')
		expect(regression).toContain('• *bias* -29.5 (')
		const multiclass = await send(
			'multiclass',
			ids.map((i) => ({
				probabilities: { a: i % 2 ? 0.6 : 0.3, b: i % 2 ? 0.3 : 0.6, c: 0.1 },
			})),
			ids.map((i) => (i % 4 === 0 ? 'a' : i % 2 ? 'a' : 'b')),
		)
		expect(multiclass).toContain('• *accuracy* 0.75 (')
		const ranking = await send(
			'ranking',
			ids.map((i) => ({ score: i % 10, subject: `q${Math.floor(i / 10)}` })),
			ids.map((i) => (i % 10 === 9 ? 1 : 0)),
		)
		expect(ranking).toContain('• *mrr* 1')
		expect((await server.plumb('performance my rankin')).text).toContain('Did you mean "my ranking"?')
		await server.close()
	})
})
