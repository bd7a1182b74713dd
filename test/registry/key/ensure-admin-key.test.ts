import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey, revokeKey } from '../../../src/registry/key/access-keys.ts'
import { ensureAdminKey } from '../../../src/registry/key/ensure-admin-key.ts'
import { findActor } from '../../../src/registry/key/find-actor.ts'
import { testContext } from '../../support/context.ts'

let made: Awaited<ReturnType<typeof testContext>>
beforeAll(async () => {
	made = await testContext()
})
afterAll(() => made.close())
const entries = async () =>
	(
		await made.context.sql.values({ sql: "SELECT action FROM ledger_entry WHERE object = 'key:key_admin'" })
	).map(([action]) => action)

test('refuses a key of under 16 characters or with white space', async () => {
	await expect(ensureAdminKey(made.context, 'x'.repeat(15))).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining('15 characters'),
	})
	await expect(ensureAdminKey(made.context, 'a key with some spaces')).rejects.toMatchObject({
		code: 'invalid',
	})
})

test('makes the configured key valid, once, however often and from however many processes it is asked', async () => {
	await Promise.all([1, 2, 3].map(() => ensureAdminKey(made.context, 'first-admin-key-x')))
	expect(await findActor(made.context, 'first-admin-key-x')).toMatchObject({
		id: 'key:key_admin',
		role: 'admin',
		models: ['*'],
	})
	expect(await entries()).toEqual(['create-key'])
})

test('replaces the key when the configuration names another one', async () => {
	await ensureAdminKey(made.context, 'other-admin-key-x')
	expect((await findActor(made.context, 'other-admin-key-x')).role).toBe('admin')
	await expect(findActor(made.context, 'first-admin-key-x')).rejects.toMatchObject({
		code: 'unauthenticated',
	})
	expect(await entries()).toEqual(['create-key', 'replace-key'])
})

test('does not bring a revoked key back, but takes another one', async () => {
	const admin = await findActor(made.context, 'other-admin-key-x')
	await createKey(made.context, admin, { name: 'another', role: 'admin', models: ['*'] })
	await revokeKey(made.context, admin, 'key_admin')
	await ensureAdminKey(made.context, 'other-admin-key-x')
	await expect(findActor(made.context, 'other-admin-key-x')).rejects.toMatchObject({
		code: 'unauthenticated',
	})
	await ensureAdminKey(made.context, 'third-admin-key-x')
	expect((await findActor(made.context, 'third-admin-key-x')).id).toBe('key:key_admin')
})

test('refuses the secret of another key', async () => {
	const admin = await findActor(made.context, 'third-admin-key-x')
	const { secret } = await createKey(made.context, admin, { name: 'x', role: 'viewer', models: ['*'] })
	await expect(ensureAdminKey(made.context, secret)).rejects.toMatchObject({ code: 'invalid' })
})
