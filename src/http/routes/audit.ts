import { z } from 'zod'
import { EntryRecord } from '../../evidence/audit/audit.schema.ts'
import { listEntries } from '../../evidence/audit/list-entries.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, periodParameters } from '../parameters.ts'

const example = {
	index: 0,
	at: '2026-03-02T00:00:00.000Z',
	actor: 'key:key_admin',
	action: 'register-model',
	object: 'model:credit-default',
	model: 'credit-default',
	leafHash: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
	entry:
		'{"action":"register-model","actor":{"how":"key","id":"key:key_admin"},"at":"2026-03-02T00:00:00.000Z","object":"model:credit-default"}',
}

const entries = endpoint({
	method: 'get',
	path: '/v1/audit/entries',
	id: 'listLedgerEntries',
	summary: 'Read the ledger',
	description:
		'Every change of state has an entry that is written in the same transaction. Indexes have no gaps.',
	access: 'auditor',
	query: z.strictObject({
		object: z
			.string()
			.max(1024)
			.optional()
			.meta({ description: 'Only entries about this object.', example: 'model:credit-default' }),
		action: z
			.string()
			.max(256)
			.optional()
			.meta({ description: 'Only entries of this kind; `*` stands for any characters.', example: '*-model' }),
		person: z.string().min(1).max(256).optional().meta({
			description: 'Only what this person did through any key or Slack user, or this actor.',
			example: 'ana@bank.example',
		}),
		after: z
			.string()
			.regex(/^-?\d{1,15}$/, 'must be an index')
			.transform(Number)
			.optional()
			.meta({ type: 'integer', description: 'Only entries with a larger index.', example: 41 }),
		order: z.enum(['oldest', 'newest']).default('oldest').meta({ description: 'Which entries come first.' }),
		model: z
			.string()
			.max(256)
			.optional()
			.meta({ description: 'Only entries about this model.', example: 'credit-default' }),
		...periodParameters,
		...pageParameters,
	}),
	answers: {
		200: {
			description: 'Entries by index',
			schema: pageOf(EntryRecord),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listEntries(context, actor, query)),
})

export const audit = {
	about: 'Who did what: a log that outsiders can verify.',
	endpoints: [entries],
} satisfies Resource
