import { z } from 'zod'
import { Silence, SilenceInput } from '../../alerting/silence/silence.schema.ts'
import { createSilence, expireSilence, listSilences } from '../../alerting/silence/silence.ts'
import { readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { parseDuration, parseTime } from '../../core/time.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'

const example = {
	id: 'sil_01kjx2y4v0',
	rules: ['feature-drift*'],
	models: ['credit-default'],
	environments: ['*'],
	features: ['*'],
	reason: 'the source is being changed',
	author: 'key:key_01',
	status: 'active',
	createdAt: '2026-03-02T00:00:00.000Z',
	startsAt: '2026-03-02T00:00:00.000Z',
	expiresAt: '2026-03-02T02:00:00.000Z',
}

function endOf(text: string, from: number): number {
	const duration = parseDuration(text)
	const at = duration === undefined ? parseTime(text) : from + duration
	if (at !== undefined) return at
	const path = 'expires'
	const message = 'must be RFC 3339 with an offset, or a duration such as 2h'
	throw new AppError('invalid', `${path}: ${message}`, { faults: [{ path, message }] })
}

const create = endpoint({
	method: 'post',
	path: '/v1/silences',
	id: 'createSilence',
	summary: 'Create a silence',
	description:
		'Alerts that match all given globs are recorded but open no incident. Every model that `models` can match must be in the scope of the key. Globs have at most 256 characters each and 8,192 together. Where a policy in `approvals.yaml` names the kind `silence`, one that covers a critical rule is requested instead: 409 `needs-approval`.',
	access: ['analyst', 'approver'],
	body: SilenceInput,
	bodyExample: {
		rules: ['feature-drift*'],
		models: ['credit-default'],
		reason: 'the source is being changed',
		expires: '2h',
	},
	answers: { 201: { description: 'The silence', schema: Silence, example } },
	errors: ['needs-approval', 'unsatisfiable'],
	handle: async ({ context, actor, body: { startsAt, expires, ...rest } }) => {
		const from = startsAt ?? context.now()
		const matchers = Object.fromEntries(Object.entries(rest).filter(([, v]) => v !== undefined))
		return created(
			await createSilence(context, actor, {
				...matchers,
				reason: rest.reason,
				startsAt: from,
				expiresAt: endOf(expires, from),
			}),
		)
	},
})

const list = endpoint({
	method: 'get',
	path: '/v1/silences',
	id: 'listSilences',
	summary: 'List silences',
	description: 'Only silences whose models are all in the scope of your key.',
	access: readers,
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'The latest first',
			schema: pageOf(Silence),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listSilences(context, actor, query)),
})

const expire = endpoint({
	method: 'delete',
	path: '/v1/silences/{id}',
	id: 'expireSilence',
	summary: 'Expire a silence now',
	access: ['analyst', 'approver'],
	params: z.strictObject({ id: pathText('The id of a silence.', 'sil_01kjx2y4v0') }),
	answers: {
		200: { description: 'The silence, expired', schema: Silence, example: { ...example, status: 'expired' } },
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params }) => ok(await expireSilence(context, actor, params.id)),
})

export const silences = {
	about: 'Periods in which alerts open no incidents.',
	endpoints: [create, list, expire],
} satisfies Resource
