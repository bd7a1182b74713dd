import { expect } from 'vitest'
import { openDatabase } from '../../src/db/database.ts'
import { openSql } from '../../src/db/open-node.ts'
import { executions } from '../../src/db/schema.ts'
import { executeRequest } from '../../src/execution/execute.ts'
import { hasDue } from '../../src/execution/execute-due.ts'
import { approvedRequest, storyOf } from '../support/approved.ts'
import { testContext } from '../support/context.ts'
import { deployCredit, rollbackTo7 } from '../support/deployed.ts'
import { withOpener } from '../support/fixtures.ts'
import { target as newTarget } from '../support/scripted-target.ts'

const test = withOpener(async () => {
	const { target, options } = newTarget()
	const made = await testContext(options)
	await deployCredit(made.context)
	const sql = await openSql(made.url)
	const close = async () => {
		await sql.close()
		await made.close()
	}
	return { ...made, other: { ...made.context, sql, db: openDatabase(sql) }, target, close }
})

test('two processes on one database carry out a request once', async ({ open }) => {
	const { context, other, target } = await open()
	const { id } = await approvedRequest(context, rollbackTo7)
	await Promise.all([context, other, context, other].map((each) => executeRequest(each, id)))
	expect(target.calls.filter((call) => call === 'act')).toHaveLength(1)
	expect(target.effects).toEqual([id])
	const { status, ledger } = await storyOf(other, id)
	expect(status).toBe('verified')
	expect(ledger).toEqual(['start-execution', 'act-execution', 'verify-execution'])
})

test('a clock that is set back by a year holds up nothing that has begun', async ({ open }) => {
	const { context, clock, target } = await open()
	const { id } = await approvedRequest(context, rollbackTo7)
	target.answers = ['error']
	await executeRequest(context, id)
	clock.jump(-365 * 24 * 3_600_000)
	await executeRequest(context, id)
	expect(await storyOf(context, id)).toMatchObject({ status: 'verified', execution: { attempts: 2 } })
})

test('a claim of a process whose clock was ahead is taken over', async ({ open }) => {
	const { context, clock } = await open()
	const { id } = await approvedRequest(context, rollbackTo7)
	await context.sql.batch([
		{
			sql: `UPDATE execution SET claim = 'clm_dead', claimed_until = ? WHERE request = ?`,
			params: [clock.now + 3_600_000, id],
		},
	])
	await executeRequest(context, id)
	expect((await storyOf(context, id)).status).toBe('verified')
})

test('an execution whose process died after the act is due as soon as its claim is over', async ({
	open,
}) => {
	const { context, clock } = await open()
	await approvedRequest(context, rollbackTo7, { status: 'verifying' })
	const actedAt = clock.now
	await context.db.update(executions).set({ actingAt: actedAt, actedAt, notBefore: actedAt })
	expect(await hasDue(context)).toBe(false)
	await context.db.update(executions).set({ claim: 'clm_dead', claimedUntil: actedAt + 10_000 })
	expect(await hasDue(context)).toBe(false)
	clock.advance(10_000)
	expect(await hasDue(context)).toBe(true)
})
