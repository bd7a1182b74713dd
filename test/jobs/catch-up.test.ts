import { describe, expect } from 'vitest'
import { actions } from '../../src/alerting/actions.ts'
import { evaluateAll } from '../../src/alerting/alert/evaluate-all.ts'
import { metricSources, type Sources } from '../../src/alerting/alert/sources.ts'
import { dayMs, formatTime, hourMs } from '../../src/core/time.ts'
import type { Statement } from '../../src/db/sql.ts'
import { Chance } from '../../src/demo/random.ts'
import { compute } from '../../src/jobs/compute.ts'
import { rollUp } from '../../src/jobs/index.ts'
import { metrics } from '../../src/metrics/index.ts'
import { inputs } from '../../src/monitoring/windows/inputs.ts'
import { outcomes } from '../../src/monitoring/windows/outcomes.ts'
import { computeModelSeries } from '../../src/monitoring/windows/pipeline.ts'
import { readPoints } from '../../src/monitoring/windows/read-points.ts'
import type { Window } from '../../src/monitoring/windows/records.ts'
import { changedWindows, readFacts } from '../../src/monitoring/windows/window-facts.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { metricOf } from '../../src/rules/available.ts'
import { factParts, type Subject } from '../../src/rules/facts.ts'
import { startOfTest } from '../support/context.ts'
import { withServer } from '../support/fixtures.ts'
import { type TestServer, testServer } from '../support/server.ts'

// Eight days of 55 rows an hour are computed together; on the sixth the income of one branch falls.
const days = 8
const perHour = 55
const chance = new Chance(5)
const it = withServer(async () => {
	const logger = { info() {}, warn() {}, error() {} }
	return testServer({}, { rules: await openRules(builtInRules(), { logger }) })
})

function rowOf(isBroken: boolean) {
	const branch = chance.pick(['north', 'south'])
	const income = Math.round(Math.exp(8 + 0.4 * chance.normal())) / (isBroken && branch === 'north' ? 12 : 1)
	const features = { income, region: chance.pick(['a', 'b']), sex: chance.pick(['f', 'm']) }
	return { features, segment: { branch }, score: chance.uniform() }
}
const actualOf = ({ score }: { score: number }) => (chance.uniform() < score ? 1 : 0)

it.beforeAll(async ({ server }) => {
	const common = { task: 'binary', positiveLabel: '1', threshold: 0.5, favourable: '1' }
	await server.post('/v1/models', { model: 'm', ...common, segments: ['branch'], sensitive: ['sex'] })
	const features = [
		{ name: 'income', type: 'numeric' },
		{ name: 'region', type: 'categorical' },
		{ name: 'sex', type: 'categorical' },
	]
	await server.post('/v1/models/m/versions', { version: '1', features })
	const baseline = Array.from({ length: 1500 }, () => rowOf(false)).map((r) => ({
		...r,
		actual: actualOf(r),
	}))
	await server.fetch('/v1/models/m/versions/1/baseline', { method: 'PUT', json: baseline })
	for (let day = 0; day < days; day++) {
		const from = startOfTest - (days - day) * dayMs
		const rows = Array.from({ length: 24 * perHour }, (_, i) => ({
			predictionId: `${day}-${i}`,
			version: '1',
			timestamp: formatTime(from + Math.floor((i * hourMs) / perHour)),
			...rowOf(day >= 5),
		}))
		await server.post('/v1/models/m/predictions', rows)
		const known = rows.filter((_, i) => i % 5 > 0)
		const timestamp = formatTime(startOfTest - 1)
		await server.post(
			'/v1/models/m/outcomes',
			known.map((r) => ({ predictionId: r.predictionId, actual: actualOf(r), timestamp })),
		)
	}
	await rollUp.run(server.context)
	await compute.run(server.context)
}, 60_000)

const all = async (server: TestServer, sql: string) =>
	(await server.context.sql.values({ sql })) as unknown[][]
const stored = async (server: TestServer) => ({
	metric: await all(
		server,
		'SELECT series, hours, from_ms, provisional, baseline, hex(bytes) FROM metric_record WHERE superseded_at IS NULL ORDER BY 1, 2, 3',
	),
	outcome: await all(
		server,
		'SELECT series, hours, from_ms, provisional, mature_at, labelled, hex(bytes) FROM outcome_record WHERE superseded_at IS NULL ORDER BY 1, 2, 3',
	),
	days: await all(
		server,
		'SELECT series, day_ms, hex(bytes) FROM metric_day UNION ALL SELECT -series, day_ms, hex(bytes) FROM outcome_day ORDER BY 1, 2',
	),
})
const windows = async (server: TestServer): Promise<Window[]> =>
	(await changedWindows(server.context, { since: 0 }))
		.map(({ window, from }) => ({ size: window, from }))
		.sort((a, b) => endOf(a) - endOf(b) || lengths[a.size] - lengths[b.size])
const lengths = { '1h': hourMs, '1d': dayMs, '7d': 7 * dayMs }
const endOf = ({ size, from }: Window) => from + lengths[size]

describe('windows that are computed together after a pause', () => {
	it('are stored as if each was computed alone', async ({ server }) => {
		const together = await stored(server)
		expect(together.metric.length).toBeGreaterThan(3 * days * 24)
		const list = await windows(server)
		for (const table of ['metric_record', 'outcome_record', 'metric_day', 'outcome_day'])
			await server.context.sql.batch([{ sql: `DELETE FROM ${table}` }])
		const series = (await server.context.log.series('m')).sort((a, b) => (a.segment < b.segment ? -1 : 1))
		const modelSeries = { model: 'm', version: '1', environment: series[0]?.environment ?? '', series }
		for (const window of list) await computeModelSeries(server.context, inputs, modelSeries, [window])
		for (const window of list) await computeModelSeries(server.context, outcomes, modelSeries, [window])
		expect(await stored(server)).toEqual(together)
	}, 120_000)

	it('are the same if the process ended between two commits', async ({ server }) => {
		const together = await stored(server)
		const { context } = server
		await context.sql.batch([
			...['metric_record', 'metric_day'].map((table) => ({ sql: `DELETE FROM ${table}` })),
			{ sql: 'INSERT INTO log_dirty (series, hour, mark) SELECT DISTINCT series, hour, 1 FROM log_profile' },
		])
		let commits = 0
		const batch = (list: readonly Statement[]) => {
			if (list.some((s) => s.sql.includes('metric_record')) && ++commits === 2) throw new Error('killed')
			return context.sql.batch(list)
		}
		const ended = {
			...context,
			sql: { ...context.sql, all: context.sql.all, values: context.sql.values, batch },
		}
		expect((await compute.run(ended)).failed).toEqual(['m@1 production'])
		const [half] = await all(server, 'SELECT count(*) FROM metric_record')
		expect([Number(half?.[0]) > 0, Number(half?.[0]) < together.metric.length]).toEqual([true, true])
		expect((await compute.run(context)).failed).toEqual([])
		expect(await stored(server)).toEqual(together)
	}, 60_000)

	it('have the metrics of the window as facts', async ({ server }) => {
		const list = (await windows(server)).filter((w) => w.size !== '1h')
		for (const { size, from } of list) {
			const key = { model: 'm', version: '1', environment: 'production', window: size }
			const [table] = await readFacts(server.context, { ...key, froms: [from] })
			const answers = (
				await Promise.all(
					[undefined, 'branch'].map((segment) =>
						readPoints(server.context, {
							model: 'm',
							window: size,
							from,
							to: from + 1,
							segment,
							limit: 100_000,
						}),
					),
				)
			).flatMap((page) => page.items)
			const said = new Map<string, number>()
			for (const answer of answers) {
				if (answer.status !== 'ok' || answer.trust === 'doubtful') continue
				// Windows that are not mature are not evaluated.
				if (
					answer.provisional &&
					metricOf(answer.metric)?.metric.subject !== 'feature' &&
					'on' in (metricOf(answer.metric)?.metric ?? {})
				)
					continue
				for (const part of ['value', ...Object.keys(factParts)] as const) {
					const value = answer[part as 'value']
					const name = part === 'value' ? answer.metric : `${answer.metric}.${part}`
					if (value !== null && value !== undefined) said.set(`${textOf(answer.subject)} ${name}`, value)
				}
			}
			const facts = new Map<string, number>()
			for (const subject of table?.subjects ?? [])
				for (const { id } of metrics)
					for (const name of [id, ...Object.keys(factParts).map((part) => `${id}.${part}`)]) {
						const value = subject.facts.get(name)
						if (value !== undefined) facts.set(`${textOf(subject)} ${name}`, value)
					}
			expect(Object.fromEntries([...facts].sort())).toEqual(Object.fromEntries([...said].sort()))
		}
	}, 60_000)

	it('fire the same alerts as when they are evaluated one by one', async ({ server }) => {
		const { context } = server
		const result = async () => ({
			alerts: await all(
				server,
				'SELECT rule, subject_key, window, status, metric, value, before, began, fired_from, fired_to, ended_from, ended_to FROM alert ORDER BY 1, 2, 3, 9',
			),
			states: (await all(server, 'SELECT window, from_ms, states FROM rule_state ORDER BY 1, 2')).map(
				([size, from, text]) => [size, from, String(text).replaceAll(/alt_\w+/g, 'alert')],
			),
		})
		await evaluateAll(context, actions)
		const together = await result()
		expect(together.alerts.length).toBeGreaterThan(0)
		const list = (await changedWindows(context, { since: 0 })).sort(
			(a, b) =>
				endOf({ size: a.window, from: a.from }) - endOf({ size: b.window, from: b.from }) || b.from - a.from,
		)
		for (const table of [
			'alert',
			'incident_event',
			'incident',
			'rule_series',
			'rule_state',
			'rule_waiting',
			'rule_progress',
			'outbox',
			'request',
		])
			await context.sql.batch([{ sql: `DELETE FROM ${table}` }])
		let sequence = 0
		for (const window of list) {
			sequence++
			const sources: Sources = { ...metricSources, changedWindows: async () => [{ ...window, sequence }] }
			expect((await evaluateAll(context, actions, sources)).failed).toEqual([])
		}
		expect(await result()).toEqual(together)
	}, 120_000)
})

const textOf = ({ feature, segment, group }: Subject) => JSON.stringify([feature, segment?.value, group])
