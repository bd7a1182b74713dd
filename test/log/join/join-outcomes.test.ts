import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { dayMs, hourMs } from '../../../src/core/time.ts'
import { models } from '../../../src/db/schema.ts'
import { openLibsqlLog } from '../../../src/log/libsql-log-node.ts'
import type { RowKind } from '../../../src/log/row-kinds.ts'
import { BatchBuilder, type RowInput } from '../../../src/summaries/inputs/batch-builder.ts'
import { decodeOutcomeSummary, encodeOutcomeSummary } from '../../../src/summaries/outcomes/encoding.ts'
import type { OutcomeSummary } from '../../../src/summaries/outcomes/outcome-summary.ts'
import { startOfTest, testContext } from '../../support/context.ts'
import { withContextPerTest } from '../../support/fixtures.ts'
import { registerTestModel } from '../../support/model.ts'

const open = async () => {
	const instance = await testContext()
	await registerTestModel(instance.context)
	await instance.context.db.update(models).set({ sensitive: ['region', 'origin'] })
	return instance
}
const it = withContextPerTest(open)

const start = startOfTest - 2 * dayMs
const prediction = (n: number): RowInput => ({
	id: `p${n}`,
	version: '1',
	environment: 'production',
	timestamp: start + n * 20 * 60_000,
	subject: `s${n % 7}`,
	...(n % 5 === 0 ? {} : { features: { income: n, region: n % 2 === 0 ? 'north' : 'south' } }),
	score: ((n * 37) % 100) / 100,
	segment: { branch: n % 3 === 0 ? 'a' : 'b' },
})
const features = (n: number): RowInput => ({
	id: `pp${n}`,
	timestamp: start,
	features: { income: n, region: n % 2 === 0 ? 'north' : 'south' },
})
const outcome = (n: number, actual: unknown, at: number): RowInput => ({
	id: `p${n}`,
	timestamp: start + dayMs + at,
	label: actual,
	...(actual === undefined ? { extra: '{"observed":false}' } : {}),
})
const group = (id: string, origin: string): RowInput => ({ id, timestamp: start, features: { origin } })

async function append({ log }: Context, kind: RowKind, rows: RowInput[]) {
	const builder = new BatchBuilder(rows.length)
	for (const row of rows) builder.add(row)
	return log.append('m', kind, builder.finish())
}

async function outcomeSummaries({ log }: Context): Promise<Map<string, OutcomeSummary>> {
	const list = new Map<string, OutcomeSummary>()
	for (const { id, segment, value } of await log.series('m')) {
		const outcomeSummary = await log.outcomes(id, 0, startOfTest + dayMs)
		if (outcomeSummary) list.set(`${segment}=${value}`, outcomeSummary)
	}
	return list
}

const total = async (context: Context) => (await outcomeSummaries(context)).get('=') as OutcomeSummary

/** Without what cancels out, in a fixed order: what a tally says. */
function saying(outcomeSummary: OutcomeSummary) {
	const order = [...outcomeSummary.actuals].sort()
	const cells = [...outcomeSummary.bins].flatMap(([decision, map]) =>
		[...map].map(([score, cell]) => [
			decision,
			score,
			cell[0],
			...order.map((text) => cell[1 + outcomeSummary.actuals.indexOf(text)] ?? 0),
		]),
	)
	const groups = [...outcomeSummary.groups]
		.flatMap(([attribute, values]) =>
			[...values].map(([value, g]) => [
				attribute,
				value,
				[...g.counts],
				[0, 1].map((i) => g.sum(i as 0 | 1)),
			]),
		)
		.filter(([, , counts]) => (counts as number[]).some((c) => c !== 0))
	const { predictions, labelled, never, unusable } = outcomeSummary
	return {
		predictions,
		labelled,
		never,
		unusable,
		order,
		cells: cells.sort(byText),
		groups: groups.sort(byText),
	}
}
const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

describe('joining outcomes', () => {
	it('counts an outcome in the hour of its prediction, before and after it', async ({ context }) => {
		await append(context, 'prediction', [prediction(1)])
		expect((await append(context, 'outcome', [outcome(1, 1, 0), outcome(2, 0, 0)])).pending).toBe(1)
		expect(await context.log.pendingOutcomes('m')).toBe(1)
		await append(context, 'prediction', [prediction(2)])
		expect(await context.log.pendingOutcomes('m')).toBe(0)
		const [series] = await context.log.series('m')
		const hour = await context.log.outcomes(series?.id ?? 0, start, start + hourMs)
		expect(hour && saying(hour)).toMatchObject({ predictions: 2, labelled: 2, order: ['+', '-'] })
	})

	it('replaces an outcome by a later one, and keeps it when an earlier one arrives late', async ({
		context,
	}) => {
		await append(context, 'prediction', [prediction(1)])
		await append(context, 'outcome', [outcome(1, 0, 5)])
		await append(context, 'outcome', [outcome(1, 1, 9), outcome(1, 0, 2)])
		expect(saying(await total(context)).cells).toEqual([['-', 0.37, 1, 1, 0]])
		expect((await total(context)).corrections).toBe(1)
		await append(context, 'outcome', [outcome(1, undefined, 20)])
		expect(saying(await total(context))).toMatchObject({
			labelled: 0,
			never: 1,
			cells: [['-', 0.37, 1, 0, 0]],
		})
	})

	it('counts a label of the wrong type as unusable', async ({ context }) => {
		await append(context, 'prediction', [prediction(1), prediction(2)])
		await append(context, 'outcome', [outcome(1, 'maybe', 0), outcome(2, true, 0)])
		expect(saying(await total(context))).toMatchObject({ labelled: 1, unusable: 1, order: ['+'] })
	})

	it('marks the windows of what it changed, and only these', async ({ context }) => {
		await append(context, 'prediction', [prediction(1), prediction(50)])
		await context.log.clearDirtyOutcomes(await context.log.dirtyOutcomes(100))
		await append(context, 'outcome', [outcome(50, 1, 0)])
		const hours = new Set((await context.log.dirtyOutcomes(100)).map((d) => d.hour))
		expect([...hours]).toEqual([Math.floor((start + 50 * 20 * 60_000) / hourMs) * hourMs])
	})

	it('gives the same summaries for the same events, in whatever order and batches they arrive', async ({
		context,
	}) => {
		const count = 24
		const events: [RowKind, RowInput][] = []
		for (let n = 0; n < count; n++) {
			events.push(['prediction', prediction(n)])
			if (n % 5 === 0) events.push(['feature', features(n)])
			if (n % 4 !== 0) events.push(['outcome', outcome(n, n % 3 === 0 ? 1 : 0, 10)])
			if (n % 6 === 1) events.push(['outcome', outcome(n, 1, 20)])
			if (n % 8 === 3) events.push(['outcome', outcome(n, undefined, 30)])
			if (n % 3 === 1) events.push(['group', group(`pp${n}`, n % 2 === 0 ? 'x' : 'y')])
		}
		for (let s = 0; s < 4; s++) events.push(['group', group(`ss${s}`, `of ${s}`)])
		const run = async (context: Context, order: [RowKind, RowInput][], size: number) => {
			for (let i = 0; i < order.length; ) {
				const kind = order[i]?.[0] as RowKind
				let j = i
				while (j < order.length && j - i < size && order[j]?.[0] === kind) j++
				await append(
					context,
					kind,
					order.slice(i, j).map(([, row]) => row),
				)
				i = j
			}
			return new Map(
				[...(await outcomeSummaries(context))].map(([key, outcomeSummary]) => [key, saying(outcomeSummary)]),
			)
		}
		const expected = await run(context, events, 100)
		expect(expected.get('=')?.predictions).toBe(count)
		expect(new Set(expected.get('=')?.groups.map(([a]) => a))).toEqual(
			new Set(['region', 'origin', 'region x origin']),
		)
		const shuffles = fc.tuple(
			fc.shuffledSubarray(events, { minLength: events.length }),
			fc.integer({ min: 1, max: 9 }),
		)
		await fc.assert(
			fc.asyncProperty(shuffles, async ([order, size]) => {
				const fresh = await open()
				// A group by prediction replaces one by subject only when it arrives after it: these stay in order.
				const said = await run(
					fresh.context,
					order.filter(([k]) => k !== 'group').concat(events.filter(([k]) => k === 'group')),
					size,
				)
				expect(said).toEqual(expected)
				await fresh.context.log.compact()
				expect(
					new Map(
						[...(await outcomeSummaries(fresh.context))].map(([key, outcomeSummary]) => [
							key,
							saying(outcomeSummary),
						]),
					),
				).toEqual(expected)
				await fresh.close()
			}),
			{ numRuns: 8 },
		)
	})

	it('summarises predictions that were stored before outcomes were, with the outcomes known now', async ({
		context,
		instance,
	}) => {
		await append(
			context,
			'prediction',
			Array.from({ length: 40 }, (_, n) => prediction(n)),
		)
		await append(context, 'feature', [features(5), features(10)])
		await append(
			context,
			'outcome',
			[...Array(30).keys()].map((n) => outcome(n, n % 2, 0)),
		)
		await append(context, 'outcome', [outcome(3, 0, 9)])
		const before = new Map(
			[...(await outcomeSummaries(context))].map(([key, outcomeSummary]) => [key, saying(outcomeSummary)]),
		)
		// As in a database of the previous version after its migration.
		await context.sql.batch([
			{ sql: 'DELETE FROM log_brief' },
			{ sql: 'DELETE FROM log_tally' },
			{ sql: 'DELETE FROM log_group' },
			{ sql: "UPDATE log_state SET value = '100' WHERE key = 'tally_from'" },
		])
		await context.log.close()
		context.log = (await openLibsqlLog(instance.url)).log
		expect(await outcomeSummaries(context)).toEqual(new Map())
		await context.log.compact()
		expect(
			new Map(
				[...(await outcomeSummaries(context))].map(([key, outcomeSummary]) => [key, saying(outcomeSummary)]),
			),
		).toEqual(before)
		await append(context, 'outcome', [outcome(35, 1, 0)])
		expect((await total(context)).labelled).toBe(31)
	})

	it('reads back what it writes', async ({ context }) => {
		await append(
			context,
			'prediction',
			Array.from({ length: 40 }, (_, n) => prediction(n)),
		)
		await append(
			context,
			'outcome',
			Array.from({ length: 30 }, (_, n) => outcome(n, n % 2, 0)),
		)
		const outcomeSummary = await total(context)
		expect(saying(decodeOutcomeSummary(encodeOutcomeSummary(outcomeSummary)))).toEqual(saying(outcomeSummary))
	})
})
