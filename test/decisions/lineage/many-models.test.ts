import { describe, expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { formatTime } from '../../../src/core/time.ts'
import { openDatabase } from '../../../src/db/database.ts'
import { readLineage } from '../../../src/decisions/lineage/read-lineage.ts'
import { setDeployment } from '../../../src/registry/deployment/set-deployment.ts'
import { ModelInput } from '../../../src/registry/model/model.schema.ts'
import { registerModel } from '../../../src/registry/model/register-model.ts'
import { registerVersion } from '../../../src/registry/version/register-version.ts'
import { BatchBuilder } from '../../../src/summaries/inputs/batch-builder.ts'
import { admin } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { withContext } from '../../support/fixtures.ts'

const shared = 's3://data/train.parquet@sha256:dd'
const it = withContext()
let statements: string[]

async function addModels(context: Context, from: number, to: number) {
	for (let i = from; i < to; i++) {
		const model = `model-${i}`
		await registerModel(context, admin, ModelInput.parse({ model, task: 'binary' }))
		const lineage = {
			run: `run-${i}`,
			dataset: i === 3 ? shared : `data-${i}`,
			commit: String(i).padStart(40, '0'),
		}
		await registerVersion(context, admin, model, { version: '1', features: [], lineage })
		await setDeployment(context, admin, model, 'production', { champion: '1' })
		const builder = new BatchBuilder(1)
		builder.add({
			id: `p${i}`,
			version: '1',
			environment: 'production',
			timestamp: startOfTest,
			features: { x: i },
			score: 0.5,
		})
		await context.log.append(model, 'prediction', builder.finish())
	}
}

it.beforeAll(async ({ context }) => {
	const { sql } = context
	context.sql = {
		...sql,
		all: (statement) => {
			statements.push(statement.sql)
			return sql.all(statement)
		},
		values: (statement) => {
			statements.push(statement.sql)
			return sql.values(statement)
		},
	}
	context.db = openDatabase(context.sql)
	statements = []
	await addModels(context, 0, 5)
})

/** What was asked for, as JSON; a subquery's rows; and the rules that were in force, latest first. */
const small = /^SCAN (([vog]|json_each) VIRTUAL TABLE|\(subquery|CONSTANT ROW)/

const froms = [
	`dataset:${shared}`,
	'dataset:sha256:dd',
	'run:run-3',
	'prediction:model-3/p3',
	'version:model-3@1',
]

describe('among many models', () => {
	it('a look-up costs the same statements as among five', async ({ context }) => {
		const ask = async (from: string) => {
			statements = []
			const answer = await readLineage(context, admin, { from, limit: 100 })
			return { answer, statements: statements.length }
		}
		const askAll = async () => {
			const asked: Awaited<ReturnType<typeof ask>>[] = []
			for (const from of froms) asked.push(await ask(from))
			return asked
		}
		const few = await askAll()
		await addModels(context, 5, 200)
		const many = await askAll()
		expect(many.map((m) => m.answer)).toEqual(few.map((f) => f.answer))
		expect(many.map((m) => m.statements)).toEqual(few.map((f) => f.statements))
		expect(many[0]?.answer.chain).toEqual([
			`1 version came from the dataset ${shared}.`,
			expect.stringContaining('model-3@1 was champion in production'),
			`model-3@1 made 1 decision in production, from ${formatTime(startOfTest)} to ${formatTime(startOfTest)}.`,
		])
	})

	it('no statement of a look-up reads a whole table', async ({ context }) => {
		statements = []
		for (const from of froms) await readLineage(context, admin, { from, limit: 100 })
		for (const sql of new Set(statements)) {
			const params = Array.from({ length: 20 }, () => null).slice(0, (sql.match(/\?/g) ?? []).length)
			const plan = await context.sql.values({ sql: `EXPLAIN QUERY PLAN ${sql}`, params })
			const scans = plan
				.map((row) => String(row[3]))
				.filter((step) => step.startsWith('SCAN ') && !small.test(step))
			expect([sql, scans]).toEqual([sql, []])
		}
	})
})
