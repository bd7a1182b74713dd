import { describe, expect } from 'vitest'
import type { Context } from '../../src/context.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { ingestRows } from '../../src/ingest/ingest-rows.ts'
import { readPrediction } from '../../src/ingest/read-prediction.ts'
import { type IngestResult, PredictionRow } from '../../src/ingest/rows.schema.ts'
import { validators } from '../../src/ingest/validate-row.ts'
import { parseRows } from '../../src/tables/json-rows.ts'
import { actorOf } from '../support/actors.ts'
import { startOfTest } from '../support/context.ts'
import { withContextPerTest } from '../support/fixtures.ts'
import { registerTestModel } from '../support/model.ts'

const actor = actorOf('admin', { id: 'key:1' })
const it = withContextPerTest()
it.beforeEach(({ context }) => registerTestModel(context))

const row = (more: object = {}) => ({
	predictionId: 'a',
	version: '1',
	timestamp: formatTime(startOfTest - 1000),
	features: { income: 1, region: 'north' },
	...more,
})

function send(
	context: Context,
	text: string,
	kind: 'prediction' | 'feature' | 'outcome' = 'prediction',
	chunk = 65_536,
): Promise<IngestResult> {
	const bytes = new TextEncoder().encode(text)
	const stream = new ReadableStream<Uint8Array>({
		start(controller) {
			for (let at = 0; at < bytes.length; at += chunk) controller.enqueue(bytes.slice(at, at + chunk))
			controller.close()
		},
	})
	return ingestRows(context, actor, 'm', kind, parseRows({ format: 'ndjson', stream }, context.limits))
}
const lines = (...rows: unknown[]) =>
	rows.map((r) => (typeof r === 'string' ? r : JSON.stringify(r))).join('\n')
const codes = (answer: IngestResult) => answer.rejected.map((r) => [r.index, r.code, r.path])

describe('a batch', () => {
	it('stores the valid rows and lists each rejected one by line, code and path', async ({ context }) => {
		const answer = await send(
			context,
			lines(
				row(),
				'{"predictionId": "b", ',
				row({ predictionId: 'c', version: '9' }),
				row({ predictionId: 'd', timestamp: '1970-01-01T00:00:00Z' }),
				row({ predictionId: 'e', timestamp: '2999-01-01T00:00:00Z' }),
				row({ predictionId: 'f', timestamp: 'yesterday' }),
				'[1,2]',
				'{"predictionId":"g","version":"1","timestamp":"2026-03-01T00:00:00Z","score":NaN}',
				row({ predictionId: 'h', score: 'high' }),
				row({ predictionId: 'i', scroe: 0.5 }),
				row({ predictionId: 'x'.repeat(257) }),
				row({ predictionId: 'j' }),
			),
		)
		expect(answer.accepted).toBe(2)
		expect(codes(answer)).toEqual([
			[1, 'malformed', ''],
			[2, 'unknown-version', 'version'],
			[3, 'too-old', 'timestamp'],
			[4, 'in-future', 'timestamp'],
			[5, 'invalid', 'timestamp'],
			[6, 'malformed', ''],
			[7, 'malformed', ''],
			[8, 'invalid', 'score'],
			[9, 'invalid', 'scroe'],
			[10, 'too-large', 'predictionId'],
		])
		expect(answer.rejected[8]?.message).toContain('"score"')
	})

	it('is validated alike, however the bytes are split', async ({ context }) => {
		const text = lines(
			row(),
			'',
			row({ predictionId: 'ü€😀', features: { income: 2, region: '😀' } }),
			'{"bad"',
			row({ predictionId: 'z' }),
		)
		const answer = await send(context, text, 'prediction', 1)
		expect([answer.accepted, codes(answer)]).toEqual([3, [[3, 'malformed', '']]])
		expect((await readPrediction(context, actor, 'm', 'ü€😀')).features).toEqual({
			income: 2,
			region: '😀',
		})
	})

	it('counts duplicates and rejects other content, within and across batches', async ({ context }) => {
		await send(context, lines(row()))
		const answer = await send(
			context,
			lines(row(), row({ score: 1 }), row({ predictionId: 'b' }), row({ predictionId: 'b' })),
		)
		expect([answer.accepted, answer.duplicates, codes(answer)]).toEqual([
			1,
			2,
			[[1, 'conflict', 'predictionId']],
		])
	})

	it('returns zeros when it is empty', async ({ context }) => {
		expect(await send(context, '')).toEqual({
			accepted: 0,
			duplicates: 0,
			rejected: [],
			rejectedCount: 0,
			waiting: 0,
		})
	})

	it('rejects rows that are too large, one by one', async ({ context }) => {
		const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i]))
		const answer = await send(
			context,
			lines(
				row({ features: wide }),
				row({ predictionId: 'b', features: { income: 'x'.repeat(2_000_000) } }),
				row({ predictionId: 'c' }),
				`{"predictionId":"${'y'.repeat(4_300_000)}"}`,
				row({ predictionId: 'd' }),
			),
		)
		expect(answer.accepted).toBe(2)
		expect(codes(answer)).toEqual([
			[0, 'too-large', 'features'],
			[1, 'too-large', 'features.income'],
			[3, 'too-large', ''],
		])
	})
})

describe('features are evidence', () => {
	it('stores wrong types, overflow, lone surrogates and odd names, and marks them', async ({ context }) => {
		const text = `{"predictionId":"a","version":"1","timestamp":"2026-03-01T00:00:00Z","features":{"income":1e400,"region":"x\\ud800","__proto__":{"a":1},"constructor":3}}`
		expect((await send(context, text)).accepted).toBe(1)
		const stored = await readPrediction(context, actor, 'm', 'a')
		const features = stored.features as Record<string, unknown>
		expect(JSON.stringify(features)).toContain('"__proto__":{"a":1}')
		expect(features.region).toBe('x\ufffd')
		expect(features.income).toBe('Infinity')
		expect(stored.quality.map((q) => q.path).sort()).toEqual([
			'features.__proto__',
			'features.constructor',
			'features.income',
		])
	})

	it('reports what is wrong with each', async ({ context }) => {
		await send(context, lines(row({ features: { income: 'NaN', extra: 1 } })))
		const { quality } = await readPrediction(context, actor, 'm', 'a')
		expect(quality.map((q) => [q.code, q.path])).toEqual([
			['type-error', 'features.income'],
			['missing-feature', 'features.region'],
			['unknown-feature', 'features.extra'],
		])
	})

	it('hides feature values from viewers', async ({ context }) => {
		await send(context, lines(row()))
		const stored = await readPrediction(context, { ...actor, role: 'viewer' }, 'm', 'a')
		expect('features' in stored).toBe(false)
	})
})

describe('outcomes and feature logs', () => {
	it('accept an outcome before its prediction and count it as waiting', async ({ context }) => {
		const at = formatTime(startOfTest - dayMs)
		const outcome = { predictionId: 'a', actual: 1, timestamp: at }
		expect(await send(context, lines(outcome), 'outcome')).toMatchObject({ accepted: 1, waiting: 1 })
		await send(context, lines(row()))
		expect(
			await send(
				context,
				lines(outcome, { ...outcome, actual: 0, timestamp: formatTime(startOfTest) }),
				'outcome',
			),
		).toMatchObject({ accepted: 1, duplicates: 1, waiting: 0 })
		expect((await readPrediction(context, actor, 'm', 'a')).outcome).toMatchObject({ actual: 0 })
	})

	it('reject an outcome without an actual, unless it was never observed', async ({ context }) => {
		const at = formatTime(startOfTest - dayMs)
		const answer = await send(
			context,
			lines({ predictionId: 'a', timestamp: at }, { predictionId: 'b', timestamp: at, observed: false }),
			'outcome',
		)
		expect([answer.accepted, codes(answer)]).toEqual([1, [[0, 'invalid', 'actual']]])
	})

	it('reject a feature log that names both or neither', async ({ context }) => {
		const log = { timestamp: formatTime(startOfTest - dayMs), features: { income: 1 } }
		const answer = await send(
			context,
			lines({ ...log, predictionId: 'a' }, log, { ...log, predictionId: 'a', subject: 'b' }),
			'feature',
		)
		expect([answer.accepted, codes(answer).map((c) => c[0])]).toEqual([1, [1, 2]])
	})
})

describe('the described schema and the validation', () => {
	const rules = {
		versions: new Set(['1']),
		oldest: 0,
		latest: startOfTest,
		limits: defaultLimits,
		areLabelsNumbers: false,
	}
	const isValid = (value: unknown) => {
		try {
			validators.prediction(value, rules)
			return true
		} catch {
			return false
		}
	}
	it.each([
		row(),
		row({
			score: 0.5,
			label: true,
			latencyMs: 3,
			probabilities: { a: 0.1 },
			segment: { s: 1 },
			subject: 's',
			environment: 'e',
		}),
		row({ score: '0.5' }),
		row({ predictionId: 5 }),
		row({ predictionId: '' }),
		row({ features: [1] }),
		row({ latencyMs: -1 }),
		row({ label: { a: 1 } }),
		row({ probabilities: { a: 'x' } }),
		row({ segment: 'north' }),
		row({ segment: { s: {} } }),
		row({ unknown: 1 }),
		{ version: '1' },
		null,
		[],
		'row',
	])('agree on %j', (value) => {
		expect(isValid(value)).toBe(PredictionRow.safeParse(value).success)
	})
})
