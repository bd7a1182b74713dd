import { z } from 'zod'
import { eraseSubject } from '../../evidence/erasure/erase-subject.ts'
import { EraseInput, Erasure } from '../../evidence/erasure/erasure.schema.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { pathText } from '../parameters.ts'

const erase = endpoint({
	method: 'post',
	path: '/v1/subjects/{subject}/erase',
	id: 'eraseSubject',
	summary: 'Erase a subject',
	description:
		'Destroys the values of all predictions of the subject, with their features, outcomes and groups, and whatever else was stored about them. It answers when the values are in no file any more. The predictions are 410 `erased` from then on, and their ids are refused. Again, or for an unknown subject, the counts are zero. Rows of the subject with other ids are accepted afterwards.',
	access: 'admin',
	params: z.strictObject({ subject: pathText('The subject, as it was sent.', 'applicant-4711') }),
	body: EraseInput,
	bodyExample: { reason: 'request under Art. 17 GDPR, case 4711' },
	answers: {
		200: {
			description: 'What was erased',
			schema: Erasure,
			example: {
				status: 'erased',
				counts: { predictions: 2, outcomes: 1, features: 0, groups: 1, explanations: 0 },
				entry: 412,
			},
		},
	},
	errors: ['not-found', 'on-hold', 'conflict'],
	handle: async ({ context, actor, params, body }) =>
		ok(await eraseSubject(context, actor, params.subject, body)),
})

export const subjects = {
	about: 'The people that predictions are about.',
	endpoints: [erase],
} satisfies Resource
