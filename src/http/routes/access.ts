import { z } from 'zod'
import { AccessRecord } from '../../evidence/access/access.schema.ts'
import { listAccess } from '../../evidence/access/review-access.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'

const list = endpoint({
	method: 'get',
	path: '/v1/access',
	id: 'listAccess',
	summary: 'Review access',
	description:
		'Active keys and mapped Slack users with their role, scope and last use. Only those whose models are all in the scope of your key.',
	access: ['auditor', 'admin'],
	answers: {
		200: {
			description: 'Who has access now',
			schema: z.strictObject({ items: z.array(AccessRecord) }),
			example: {
				items: [
					{
						actor: 'key:key_01jn8k0000',
						name: 'scoring service',
						owner: null,
						role: 'ingest',
						models: ['credit-*'],
						createdAt: '2026-03-02T00:00:00.000Z',
						expiresAt: null,
						lastUsedAt: '2026-03-02T08:00:00.000Z',
						isUnused: false,
					},
				],
			},
		},
	},
	handle: async ({ context, actor }) => ok({ items: await listAccess(context, actor) }),
})

export const access = {
	about: 'Who has which role, and when they last used it.',
	endpoints: [list],
} satisfies Resource
