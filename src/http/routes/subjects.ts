import { z } from 'zod'
import {
	SubjectRequestClosure,
	SubjectRequestInput,
	SubjectRequestRecord,
} from '../../evidence/clocks/subject-request.schema.ts'
import {
	closeSubjectRequest,
	listSubjectRequests,
	recordSubjectRequest,
} from '../../evidence/clocks/subject-requests.ts'
import { eraseSubject } from '../../evidence/erasure/erase-subject.ts'
import { EraseInput, Erasure } from '../../evidence/erasure/erasure.schema.ts'
import { createReport } from '../../evidence/reports/create-report.ts'
import { Report, reportExample } from '../../evidence/reports/report.schema.ts'
import { Name } from '../../registry/model/name.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'

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

const subjectPath = { subject: pathText('The subject, as it was sent.', 'applicant-4711') }

const exportExample = {
	...reportExample,
	template: 'access-export',
	period: null,
	subject: 'applicant-4711',
}

const exportData = endpoint({
	method: 'post',
	path: '/v1/subjects/{subject}/access-export',
	id: 'exportSubject',
	summary: 'Export what is stored about a person',
	description:
		'Makes the report `access-export`: all predictions, outcomes, explanations and look-ups of the person in all models of the scope, or in one.',
	access: 'auditor',
	params: z.strictObject(subjectPath),
	body: z
		.strictObject({ model: Name.optional().meta({ description: 'Only this model. Default: all.' }) })
		.meta({ id: 'AccessExportInput' }),
	bodyOptional: true,
	bodyExample: {},
	answers: {
		201: {
			description: 'The report',
			schema: Report,
			example: exportExample,
			headers: { location: 'The path of the report' },
		},
		200: { description: 'The same report, made before', schema: Report, example: exportExample },
	},
	errors: ['conflict', 'not-found', 'unavailable', 'unsatisfiable'],
	handle: async ({ context, actor, params, body }) => {
		const input = { template: 'access-export', subject: params.subject, ...body }
		const { report, isNew } = await createReport(context, actor, input)
		return isNew ? created(report, { location: `/v1/reports/${report.id}` }) : ok(report)
	},
})

const requestExample = {
	id: 'sub_01kjx2y4v0',
	subject: 'applicant-4711',
	kind: 'explanation',
	model: 'credit-default',
	predictionId: '8841',
	receivedAt: '2026-03-02T09:30:00.000Z',
	law: 'gdpr-15-1-h/explanation',
	due: '2026-03-30',
	status: 'open',
	endedAt: null,
	report: null,
	reason: null,
}

const record = endpoint({
	method: 'post',
	path: '/v1/subjects/{subject}/requests',
	id: 'recordSubjectRequest',
	summary: 'Record what a person has asked for',
	description:
		'Starts the legal clock of the request: an incident opens before the answer is overdue. A report that answers it ends the request. The ledger has its id, and never the person.',
	access: ['analyst', 'auditor', 'approver'],
	params: z.strictObject(subjectPath),
	body: SubjectRequestInput,
	bodyExample: { kind: 'explanation', model: 'credit-default', predictionId: '8841' },
	answers: { 201: { description: 'The request', schema: SubjectRequestRecord, example: requestExample } },
	errors: ['not-found', 'erased'],
	handle: async ({ context, actor, params, body }) =>
		created(await recordSubjectRequest(context, actor, params.subject, body)),
})

const list = endpoint({
	method: 'get',
	path: '/v1/subjects/{subject}/requests',
	id: 'listSubjectRequests',
	summary: 'List what a person has asked for',
	access: ['analyst', 'auditor', 'approver'],
	params: z.strictObject(subjectPath),
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'The requests, the latest first',
			schema: pageOf(SubjectRequestRecord),
			example: { items: [requestExample], next: null },
		},
	},
	handle: async ({ context, actor, params, query }) =>
		ok(await listSubjectRequests(context, actor, params.subject, query)),
})

const close = endpoint({
	method: 'post',
	path: '/v1/subjects/{subject}/requests/{id}/close',
	id: 'closeSubjectRequest',
	summary: 'End a request without a report',
	description: 'For requests that were withdrawn, that were answered elsewhere, or that somebody else sent.',
	access: ['analyst', 'auditor', 'approver'],
	params: z.strictObject({ ...subjectPath, id: pathText('The id of a request.', 'sub_01kjx2y4v0') }),
	body: SubjectRequestClosure,
	bodyExample: { reason: 'Withdrawn by the person on the phone' },
	answers: {
		200: {
			description: 'The request',
			schema: SubjectRequestRecord,
			example: {
				...requestExample,
				status: 'closed',
				endedAt: '2026-03-03T09:30:00.000Z',
				reason: 'Withdrawn by the person on the phone',
			},
		},
	},
	errors: ['not-found', 'conflict'],
	handle: async ({ context, actor, params, body }) =>
		ok(await closeSubjectRequest(context, actor, params.subject, params.id, body)),
})

export const subjects = {
	about: 'The people that predictions are about.',
	endpoints: [erase, exportData, record, list, close],
} satisfies Resource
