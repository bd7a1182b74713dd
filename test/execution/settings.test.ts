import { describe, expect } from 'vitest'
import { formatTime, hourMs } from '../../src/core/time.ts'
import { executeRequest } from '../../src/execution/execute.ts'
import { findModel } from '../../src/registry/model/find-model.ts'
import { approvedRequest, storyOf } from '../support/approved.ts'
import { deployCredit } from '../support/deployed.ts'
import { withContextPerTest } from '../support/fixtures.ts'

const test = withContextPerTest()
const base = { model: 'credit', environment: 'production' }

describe('an approved change of Plumbline itself', () => {
	test('of a risk tier is stored with its act, once', async ({ context }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, { ...base, kind: 'risk-tier', to: 'high' })
		await executeRequest(context, id)
		expect((await findModel(context, 'credit')).riskTier).toBe('high')
		expect(await storyOf(context, id)).toMatchObject({
			status: 'verified',
			steps: [
				'read ok: the risk tier is none',
				'act ok: The risk tier of credit is high.',
				'verify ok: the risk tier is high',
			],
		})
		const entries = await context.sql.all<{ entry: string }>({
			sql: `SELECT entry FROM ledger_entry WHERE action = 'change-model'`,
		})
		expect(entries.map(({ entry }) => JSON.parse(entry).why)).toEqual([`request:${id}`])
	})

	test('of a risk tier that somebody has changed in the meantime is stale', async ({ context }) => {
		await deployCredit(context)
		const { id } = await approvedRequest(context, { ...base, kind: 'risk-tier', from: 'high', to: 'low' })
		await executeRequest(context, id)
		expect((await storyOf(context, id)).status).toBe('stale')
		expect((await findModel(context, 'credit')).riskTier).toBeNull()
	})

	test('creates a silence', async ({ context, clock }) => {
		await deployCredit(context)
		const expiresAt = formatTime(clock.now + hourMs)
		const silence = { rules: ['feature-drift'], models: ['credit'], reason: 'maintenance', expiresAt }
		const { id } = await approvedRequest(context, { ...base, kind: 'silence', silence })
		await executeRequest(context, id)
		expect((await storyOf(context, id)).status).toBe('verified')
		const rows = await context.sql.all({ sql: 'SELECT rules, author, expires_at AS until FROM silence' })
		expect(rows).toEqual([{ rules: '["feature-drift"]', author: `request:${id}`, until: clock.now + hourMs }])
	})

	test('creates no silence that would be over', async ({ context, clock }) => {
		await deployCredit(context)
		const expiresAt = formatTime(clock.now + hourMs)
		const { id } = await approvedRequest(context, {
			...base,
			kind: 'silence',
			silence: { reason: 'maintenance', expiresAt },
		})
		clock.advance(2 * hourMs)
		await executeRequest(context, id)
		expect(await storyOf(context, id)).toMatchObject({
			status: 'failed',
			error: `The silence was to end at ${expiresAt}, which is over.`,
		})
		expect(await context.sql.all({ sql: 'SELECT id FROM silence' })).toEqual([])
	})

	test('brings a reason table into force, exactly the one that was approved', async ({ context, clock }) => {
		await deployCredit(context)
		const insert = (revision: number) =>
			context.sql.batch([
				{
					sql: `INSERT INTO reason_table (model, revision, content, digest, proposer, reason, created_at)
						VALUES ('credit', ?, '{}', ?, 'key:p', 'r', ?)`,
					params: [revision, `sha256:${revision}`, clock.now],
				},
			])
		await insert(1)
		await insert(2)
		const table = (to: string, digest: string) =>
			approvedRequest(context, { ...base, kind: 'reason-table', to, table: digest })
		const wrong = await table('1', 'sha256:other')
		await executeRequest(context, wrong.id)
		expect((await storyOf(context, wrong.id)).status).toBe('failed')
		const second = await table('2', 'sha256:2')
		await executeRequest(context, second.id)
		expect((await storyOf(context, second.id)).status).toBe('verified')
		const inForce = await context.sql.all({
			sql: 'SELECT revision FROM reason_table WHERE approved_at IS NOT NULL',
		})
		expect(inForce).toEqual([{ revision: 2 }])
		const late = await table('1', 'sha256:1')
		await executeRequest(context, late.id)
		expect((await storyOf(context, late.id)).status).toBe('stale')
	})
})
