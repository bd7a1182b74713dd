import { z } from 'zod'
import { readers } from '../../core/actor.ts'
import { approveTable } from '../../decisions/reasons/approve-table.ts'
import { proposeTable } from '../../decisions/reasons/propose-table.ts'
import {
	ReasonTableApproval,
	ReasonTableProposal,
	TableRecord,
} from '../../decisions/reasons/reason-table.schema.ts'
import { getTable, listTables } from '../../decisions/reasons/table-record.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters, pathText } from '../parameters.ts'

const params = z.strictObject({
	...modelPath,
	revision: pathText('The revision of a reason table.', '3'),
})
/** A revision that is not a number does not exist: 404. */
const numberOf = (revision: string): number => (/^\d{1,9}$/.test(revision) ? Number(revision) : 0)

const digest = 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const input = {
	table: {
		method: '5(i)',
		locale: 'en',
		entries: [
			{
				code: 'R01',
				text: {
					en: 'Delinquent past or present credit obligations',
					de: 'Zahlungsrückstände bei früheren oder laufenden Krediten',
				},
				features: ['PAY_0', 'PAY_2'],
			},
			{ code: 'R02', text: { en: 'Limited credit experience' }, features: ['LIMIT_BAL'] },
		],
	},
	reason: 'Yearly review',
}
const example = {
	model: 'credit-default',
	revision: 3,
	version: null,
	status: 'draft',
	digest,
	table: {
		...input.table,
		most: 4,
		entries: input.table.entries.map((e) => ({ ...e, bins: [], inquiries: false })),
		knockOuts: [],
	},
	proposer: 'key:key_01',
	reason: input.reason,
	createdAt: '2026-03-02T00:00:00.000Z',
	approvedAt: null,
	needs: 2,
	approvals: [],
}
const approved = {
	...example,
	status: 'approved',
	approvedAt: '2026-03-02T10:00:00.000Z',
	approvals: [
		{ approver: 'key:key_02', at: '2026-03-02T09:00:00.000Z', digest, reason: 'Read' },
		{ approver: 'key:key_03', at: '2026-03-02T10:00:00.000Z', digest, reason: 'Read' },
	],
}

const propose = endpoint({
	method: 'post',
	path: '/v1/models/{model}/reason-tables',
	id: 'proposeReasonTable',
	summary: 'Propose a reason table',
	description:
		'Maps features to reason codes and texts. A table never changes: a change is a new revision. It comes into force when two people other than the proposer have approved it. Texts without a specific reason and protected features are refused.',
	access: ['analyst', 'approver'],
	params: z.strictObject(modelPath),
	body: ReasonTableProposal,
	bodyExample: input,
	answers: {
		201: {
			description: 'The draft',
			schema: TableRecord,
			example,
			headers: { location: 'The path of the table' },
		},
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params: { model }, body }) => {
		const record = await proposeTable(context, actor, model, body)
		return created(record, {
			location: `/v1/models/${encodeURIComponent(model)}/reason-tables/${record.revision}`,
		})
	},
})

const list = endpoint({
	method: 'get',
	path: '/v1/models/{model}/reason-tables',
	id: 'listReasonTables',
	summary: 'List the reason tables of a model',
	access: readers,
	params: z.strictObject(modelPath),
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'The newest first',
			schema: pageOf(TableRecord),
			example: { items: [approved], next: null },
		},
	},
	handle: async ({ context, actor, params: { model }, query }) =>
		ok(await listTables(context, actor, model, query)),
})

const get = endpoint({
	method: 'get',
	path: '/v1/models/{model}/reason-tables/{revision}',
	id: 'getReasonTable',
	summary: 'Read a reason table',
	access: readers,
	params,
	answers: { 200: { description: 'The table', schema: TableRecord, example: approved } },
	handle: async ({ context, actor, params: { model, revision } }) =>
		ok(await getTable(context, actor, model, numberOf(revision))),
})

const approve = endpoint({
	method: 'post',
	path: '/v1/models/{model}/reason-tables/{revision}/approvals',
	id: 'approveReasonTable',
	summary: 'Approve a reason table',
	description:
		'The digest must be that of the table that you have read. Refused: approval by the proposer, a second one by the same person, one with another digest, and one of a table older than the one in force. The second approval brings the table into force.',
	access: 'approver',
	params,
	body: ReasonTableApproval,
	bodyExample: { digest, reason: 'Checked against the policy of March' },
	answers: {
		201: { description: 'The table with the approval', schema: TableRecord, example: approved },
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params: { model, revision }, body }) =>
		created(await approveTable(context, actor, model, numberOf(revision), body)),
})

export const reasons = {
	about: 'The approved wording of the reasons for decisions.',
	endpoints: [propose, list, get, approve],
} satisfies Resource
