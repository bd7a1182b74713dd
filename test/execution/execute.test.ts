import { describe, expect } from 'vitest'
import type { Context } from '../../src/context.ts'
import { executeRequest } from '../../src/execution/execute.ts'
import { executeDue } from '../../src/execution/execute-due.ts'
import { findDeployment } from '../../src/registry/deployment/get-deployment.ts'
import { setDeployment } from '../../src/registry/deployment/set-deployment.ts'
import { ModelInput } from '../../src/registry/model/model.schema.ts'
import { registerModel } from '../../src/registry/model/register-model.ts'
import { registerVersion } from '../../src/registry/version/register-version.ts'
import { VersionInput } from '../../src/registry/version/version.schema.ts'
import { admin } from '../support/actors.ts'
import { approvedRequest, storyOf } from '../support/approved.ts'
import { withContextPerTest } from '../support/fixtures.ts'

const test = withContextPerTest()

async function deployed(context: Context, champion = '8') {
	await registerModel(
		context,
		admin,
		ModelInput.parse({ model: 'credit', task: 'binary', positiveLabel: '1' }),
	)
	for (const version of ['7', '8', '9'])
		await registerVersion(
			context,
			admin,
			'credit',
			VersionInput.parse({ version, features: [{ name: 'income', type: 'numeric' }] }),
		)
	await setDeployment(context, admin, 'credit', 'production', { champion })
}

const rollback = { kind: 'rollback', model: 'credit', environment: 'production', from: '8', to: '7' }

describe('an approved rollback', () => {
	test('moves the pointer once, and tells the whole story', async ({ context }) => {
		await deployed(context)
		const { id } = await approvedRequest(context, rollback)
		await executeRequest(context, id)
		const story = await storyOf(context, id)
		expect(story).toMatchObject({ status: 'verified', error: null })
		expect(story.ledger).toEqual(['start-execution', 'act-execution', 'verify-execution'])
		expect(story.steps).toEqual([
			'read ok: the champion is 8',
			'act ok: The deployment of credit in production is 7.',
			'verify ok: the champion is 7',
		])
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '7',
			revision: 2,
		})
		await executeRequest(context, id)
		await executeDue(context)
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({ revision: 2 })
		expect((await storyOf(context, id)).ledger).toHaveLength(3)
	})

	test('freezes the version that it left', async ({ context }) => {
		await deployed(context)
		const { id } = await approvedRequest(context, rollback)
		await executeRequest(context, id)
		expect(await context.sql.all({ sql: 'SELECT model, version, request FROM version_freeze' })).toEqual([
			{ model: 'credit', version: '8', request: id },
		])
	})

	test('that finds another champion is stale and changes nothing', async ({ context }) => {
		await deployed(context, '9')
		const { id } = await approvedRequest(context, rollback)
		await executeRequest(context, id)
		const story = await storyOf(context, id)
		expect(story.status).toBe('stale')
		expect(story.error).toBe('The target is neither at 8 nor at 7: the champion is 9.')
		expect(story.ledger).toEqual(['start-execution', 'stale-execution'])
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '9',
			revision: 1,
		})
	})

	test('that finds its champion there already is verified without a change', async ({ context }) => {
		await deployed(context, '7')
		const { id } = await approvedRequest(context, rollback)
		await executeRequest(context, id)
		const story = await storyOf(context, id)
		expect(story.ledger).toEqual(['start-execution', 'act-execution', 'verify-execution'])
		expect(story.execution?.attempts).toBe(0)
		expect(await findDeployment(context, 'credit', 'production')).toMatchObject({
			champion: '7',
			revision: 1,
		})
	})

	test('does not start before its cooling-off is over', async ({ context, clock }) => {
		await deployed(context)
		const { id } = await approvedRequest(context, rollback, { executeAfter: clock.now + 60_000 })
		await executeDue(context)
		expect((await storyOf(context, id)).status).toBe('approved')
		clock.advance(60_000)
		await executeDue(context)
		expect((await storyOf(context, id)).status).toBe('verified')
	})
})
