import { expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { createKey, revokeKey } from '../../../src/registry/key/access-keys.ts'
import { ensureAdminKey } from '../../../src/registry/key/ensure-admin-key.ts'
import { findActor } from '../../../src/registry/key/find-actor.ts'
import { withContext } from '../../support/fixtures.ts'

const test = withContext()
const entries = async (context: Context) =>
	(await context.sql.values({ sql: "SELECT action FROM ledger_entry WHERE object = 'key:key_admin'" })).map(
		([action]) => action,
	)

test('refuses a key of under 16 characters or with white space', async ({ context }) => {
	await expect(ensureAdminKey(context, 'x'.repeat(15))).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining('15 characters'),
	})
	await expect(ensureAdminKey(context, 'a key with some spaces')).rejects.toMatchObject({
		code: 'invalid',
	})
})

test('makes the configured key valid, once, however often and from however many processes it is asked', async ({
	context,
}) => {
	await Promise.all([1, 2, 3].map(() => ensureAdminKey(context, 'first-admin-key-x')))
	expect(await findActor(context, 'first-admin-key-x')).toMatchObject({
		id: 'key:key_admin',
		role: 'admin',
		models: ['*'],
	})
	expect(await entries(context)).toEqual(['create-key'])
})

test('replaces the key when the configuration names another one', async ({ context }) => {
	await ensureAdminKey(context, 'other-admin-key-x')
	expect((await findActor(context, 'other-admin-key-x')).role).toBe('admin')
	await expect(findActor(context, 'first-admin-key-x')).rejects.toMatchObject({
		code: 'unauthenticated',
	})
	expect(await entries(context)).toEqual(['create-key', 'replace-key'])
})

test('does not bring a revoked key back, but takes another one', async ({ context }) => {
	const admin = await findActor(context, 'other-admin-key-x')
	await createKey(context, admin, { name: 'another', role: 'admin', models: ['*'] })
	await revokeKey(context, admin, 'key_admin')
	await ensureAdminKey(context, 'other-admin-key-x')
	await expect(findActor(context, 'other-admin-key-x')).rejects.toMatchObject({
		code: 'unauthenticated',
	})
	await ensureAdminKey(context, 'third-admin-key-x')
	expect((await findActor(context, 'third-admin-key-x')).id).toBe('key:key_admin')
})

test('refuses the secret of another key', async ({ context }) => {
	const admin = await findActor(context, 'third-admin-key-x')
	const { secret } = await createKey(context, admin, { name: 'x', role: 'viewer', models: ['*'] })
	await expect(ensureAdminKey(context, secret)).rejects.toMatchObject({ code: 'invalid' })
})
