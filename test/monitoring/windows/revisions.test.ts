import { expect } from 'vitest'
import { dayMs } from '../../../src/core/time.ts'
import { runAll } from '../../../src/jobs/index.ts'
import { metricIds } from '../../../src/metrics/index.ts'
import { decodeOutcomes, encodeOutcomes } from '../../../src/metrics/result-encoding.ts'
import { parseRules } from '../../../src/rules/parse-rules.ts'
import { startOfTest } from '../../support/context.ts'
import { withServerPerTest } from '../../support/fixtures.ts'
import { predictionRows, registerModel } from '../../support/rows.ts'
import { type TestServer, testServer } from '../../support/server.ts'

const rules = `
rules:
  - name: wrong-too-often
    title: is wrong too often
    window: 1d
    when: performance.accuracy.high < 0.9
    metric: performance.accuracy
`
const it = withServerPerTest(async () => {
	const parsed = await parseRules([{ name: 'test.yaml', text: rules }], metricIds)
	if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
	return testServer({}, { rules: { current: () => parsed.ruleSet } })
})
const count = 200
const at = (ms: number) => new Date(ms).toISOString()

it.beforeEach(async ({ server }) => {
	await registerModel(server, { task: 'binary', positiveLabel: '1', threshold: 0.5 }, ['x'])
	server.clock.now = startOfTest + 2 * dayMs
	await server.post(
		'/v1/models/m/predictions',
		predictionRows(
			Array.from({ length: count }, (_, i) => ({ features: { x: i }, score: 0.9 })),
			{ start: startOfTest },
		),
	)
})

/** Says what became of rows [from, to): of each ten, `right` turned out as decided. */
const tell = (server: TestServer, from: number, to: number, right: number, later = 0) =>
	server.post(
		'/v1/models/m/outcomes',
		Array.from({ length: to - from }, (_, k) => ({
			predictionId: `p${from + k}`,
			actual: k % 10 < right ? 1 : 0,
			timestamp: at(startOfTest + dayMs + later + from + k),
		})),
	)
async function incidents(server: TestServer) {
	await runAll(server.context, 'test')
	return (await server.fetch('/v1/incidents?model=m')).body.items
}

it('a window is not evaluated before it is mature', async ({ server }) => {
	await tell(server, 0, 150, 2)
	expect(await incidents(server)).toEqual([])
})

it('an incident shows the value that it was opened on, and what it is known to be by now', async ({
	server,
}) => {
	await tell(server, 0, 180, 6)
	const [incident] = await incidents(server)
	expect(incident).toMatchObject({
		status: 'open',
		alerts: [{ status: 'firing', value: 0.6, restated: null }],
	})
	await tell(server, 180, 200, 10)
	const [later] = await incidents(server)
	expect(later.alerts).toMatchObject([{ status: 'firing', value: 0.6, restated: 0.64 }])
	expect(later.id).toBe(incident.id)
})

it('an alert that a revision retracts is marked, not deleted', async ({ server }) => {
	await tell(server, 0, 200, 7)
	expect(await incidents(server)).toMatchObject([
		{ status: 'open', alerts: [{ status: 'firing', value: 0.7 }] },
	])
	await tell(server, 0, 200, 10, 1000)
	expect(await incidents(server)).toMatchObject([
		{ status: 'resolved', alerts: [{ status: 'undone', value: 0.7 }] },
	])
	const { body } = await server.fetch(
		'/v1/models/m/metrics?metric=performance.accuracy&window=1d&history=true',
	)
	expect(body.items.map((a: { value: number; change?: string }) => [a.value, a.change])).toEqual([
		[0.7, undefined],
		[1, '200 corrected outcomes'],
	])
})

it('a reason that an earlier version worded differently is replaced, and is not a revision', async ({
	server,
}) => {
	await tell(server, 0, 200, 7)
	await incidents(server)
	const { sql } = server.context
	const history = async () =>
		(await server.fetch('/v1/models/m/metrics?metric=performance.*&window=1d&history=true')).body.items
	const before = await history()
	expect(before.some((item: { reason: string | null }) => item.reason !== null)).toBe(true)
	const records = await sql.all<{ series: number; hours: number; from: number; bytes: Uint8Array }>({
		sql: 'SELECT series, hours, from_ms AS "from", bytes FROM outcome_record',
	})
	await sql.batch(
		records.flatMap(({ series, hours, from, bytes }) => {
			const result = decodeOutcomes(bytes)
			for (const value of result.values.values()) if (value.reason) value.reason = 'worded differently'
			return [
				{
					sql: 'UPDATE outcome_record SET bytes = ? WHERE series = ? AND hours = ? AND from_ms = ?',
					params: [encodeOutcomes(result), series, hours, from],
				},
				{
					sql: `INSERT INTO log_tally_dirty (series, hour, mark) VALUES (?, ?, 1) ON CONFLICT DO NOTHING`,
					params: [series, from],
				},
			]
		}),
	)
	expect(await history()).not.toEqual(before)
	await incidents(server)
	expect(await history()).toEqual(before)
})
