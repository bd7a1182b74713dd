import { z } from 'zod'
import { createKey, listKeys, revokeKey } from '../../registry/key/access-keys.ts'
import { KeyInput, KeyRecord, NewKey } from '../../registry/key/key.schema.ts'
import { created, endpoint, noContent, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'

const example = {
	id: 'key_01jn8k0000',
	name: 'scoring service',
	role: 'ingest',
	models: ['credit-*'],
	status: 'active',
	owner: null,
	createdAt: '2026-03-02T00:00:00.000Z',
	expiresAt: '2026-05-31T00:00:00.000Z',
	revokedAt: null,
	lastUsedAt: null,
}

const create = endpoint({
	method: 'post',
	path: '/v1/keys',
	id: 'createKey',
	summary: 'Create a key',
	description: 'Only this response contains the secret. A key cannot grant a wider scope than its own.',
	access: 'admin',
	body: KeyInput,
	bodyExample: { name: 'scoring service', role: 'ingest', models: ['credit-*'], expires: '90d' },
	answers: {
		201: { description: 'The key and its secret', schema: NewKey, example: { ...example, secret: 'plk_…' } },
	},
	handle: async ({ context, actor, body }) => created(await createKey(context, actor, body)),
})

const list = endpoint({
	method: 'get',
	path: '/v1/keys',
	id: 'listKeys',
	summary: 'List keys',
	description: 'Only keys whose models are all in the scope of your key.',
	access: 'admin',
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'Keys, without secrets',
			schema: pageOf(KeyRecord),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listKeys(context, actor, query)),
})

const revoke = endpoint({
	method: 'delete',
	path: '/v1/keys/{id}',
	id: 'revokeKey',
	summary: 'Revoke a key',
	description:
		'Takes effect at once. Revoking it again changes nothing. A key with a wider scope than yours is not found; revoking the last admin key that reaches every model is a conflict.',
	access: 'admin',
	params: z.strictObject({ id: pathText('The id of the key.', 'key_01jn8k0000') }),
	answers: { 204: { description: 'Revoked' } },
	errors: ['conflict'],
	handle: async ({ context, actor, params }) => {
		await revokeKey(context, actor, params.id)
		return noContent
	},
})

export const keys = {
	about: 'API keys: who may do what.',
	endpoints: [create, list, revoke],
} satisfies Resource
