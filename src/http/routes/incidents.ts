import { z } from 'zod'
import {
	acknowledgeIncident,
	commentIncident,
	resolveIncident,
} from '../../alerting/incident/change-incident.ts'
import { Incident } from '../../alerting/incident/incident.schema.ts'
import { getIncident, listIncidents } from '../../alerting/incident/read-incidents.ts'
import { RegulatoryInput, RegulatoryRecord } from '../../alerting/incident/regulatory.schema.ts'
import { getRegulatoryFacts, recordRegulatoryFacts } from '../../alerting/incident/regulatory.ts'
import { readers } from '../../core/actor.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText, periodParameters } from '../parameters.ts'

const handlers = ['analyst', 'approver'] as const
const params = z.strictObject({ id: pathText('The id of an incident.', 'inc_01kjx2y4v0') })

const example = {
	id: 'inc_01kjx2y4v0',
	model: 'credit-default',
	environment: 'production',
	status: 'open',
	severity: 'warning',
	title:
		'LIMIT_BAL has drifted from the baseline since 2026-03-01 00:00: unit change x12 where branch is north',
	beganAt: '2026-03-01T00:00:00.000Z',
	openedAt: '2026-03-02T00:05:00.000Z',
	resolvedAt: null,
	cause: null,
	alerts: [],
	changes: [
		{
			feature: 'LIMIT_BAL',
			segment: { name: 'branch', value: 'north' },
			kind: 'unit',
			factor: 12,
			before: 140_000,
			after: 1_680_000,
			since: '2026-03-01T00:00:00.000Z',
			text: 'LIMIT_BAL where branch is north: x12, looks like a unit change (median 140,000 before, 1,680,000 now); elsewhere unchanged',
		},
	],
	nextStep:
		'Ask who sends LIMIT_BAL whether its unit has changed, and have it reverted; otherwise retrain on the new unit.',
	related: [],
	timeline: [{ at: '2026-03-02T00:05:00.000Z', who: 'rules', what: 'opened' }],
}
const answers = { 200: { description: 'The incident', schema: Incident, example } }

const list = endpoint({
	method: 'get',
	path: '/v1/incidents',
	id: 'listIncidents',
	summary: 'List incidents',
	description:
		'The latest first, including resolved ones. `from` and `to` refer to the time when an incident was opened.',
	access: readers,
	query: z.strictObject({
		model: z
			.string()
			.min(1)
			.max(256)
			.optional()
			.meta({ description: 'Only incidents of this model.', example: 'credit-default' }),
		status: z
			.enum(['open', 'acknowledged', 'resolved'])
			.optional()
			.meta({ description: 'Only incidents with this status.', example: 'open' }),
		...periodParameters,
		...pageParameters,
	}),
	answers: {
		200: { description: 'Incidents', schema: pageOf(Incident), example: { items: [example], next: null } },
	},
	handle: async ({ context, actor, query }) => ok(await listIncidents(context, actor, query)),
})

const get = endpoint({
	method: 'get',
	path: '/v1/incidents/{id}',
	id: 'getIncident',
	summary: 'Read an incident',
	access: readers,
	params,
	answers,
	handle: async ({ context, actor, params: { id } }) => ok(await getIncident(context, actor, id)),
})

const acknowledge = endpoint({
	method: 'post',
	path: '/v1/incidents/{id}/acknowledge',
	id: 'acknowledgeIncident',
	summary: 'Acknowledge an incident',
	description: 'Acknowledging it again changes nothing.',
	access: handlers,
	params,
	body: z.strictObject({}),
	bodyOptional: true,
	answers,
	errors: ['conflict'],
	handle: async ({ context, actor, params: { id } }) => ok(await acknowledgeIncident(context, actor, id)),
})

const resolve = endpoint({
	method: 'post',
	path: '/v1/incidents/{id}/resolve',
	id: 'resolveIncident',
	summary: 'Resolve an incident manually',
	description: 'It opens again if one of its rules fires again. Resolving it again changes nothing.',
	access: handlers,
	params,
	body: z.strictObject({ reason: z.string().trim().min(1).max(1000).default('by hand') }),
	bodyExample: { reason: 'the source was fixed' },
	bodyOptional: true,
	answers,
	errors: ['conflict'],
	handle: async ({ context, actor, params: { id }, body }) =>
		ok(await resolveIncident(context, actor, id, body)),
})

const comment = endpoint({
	method: 'post',
	path: '/v1/incidents/{id}/comment',
	id: 'commentIncident',
	summary: 'Comment on an incident',
	access: handlers,
	params,
	body: z.strictObject({ text: z.string().trim().min(1).max(4000) }),
	bodyExample: { text: 'The branch confirms the new unit.' },
	answers,
	errors: ['conflict'],
	handle: async ({ context, actor, params: { id }, body }) =>
		ok(await commentIncident(context, actor, id, body)),
})

const regulatoryExample = {
	incident: 'inc_01kjx2y4v0',
	class: 'fundamental-rights',
	memberState: 'DE',
	awareAt: '2026-03-02T09:30:00.000Z',
	causalLinkAt: '2026-03-04T15:00:00.000Z',
	initialReportAt: null,
	completeReportAt: null,
	investigation: 'Incomes of two branches came by the month from 1 March on.',
	riskAssessment: null,
	correctiveAction: null,
	recorded: [
		{ at: '2026-03-02T09:45:00.000Z', who: 'key:ana', members: ['class', 'memberState', 'awareAt'] },
	],
}
const regulatoryAnswers = {
	200: { description: 'What was recorded', schema: RegulatoryRecord, example: regulatoryExample },
}

const regulatory = endpoint({
	method: 'get',
	path: '/v1/incidents/{id}/regulatory',
	id: 'readRegulatoryFacts',
	summary: 'Read what was recorded of an incident for a regulator',
	access: readers,
	params,
	answers: regulatoryAnswers,
	handle: async ({ context, actor, params: { id } }) => ok(await getRegulatoryFacts(context, actor, id)),
})

const recordRegulatory = endpoint({
	method: 'patch',
	path: '/v1/incidents/{id}/regulatory',
	id: 'recordRegulatoryFacts',
	summary: 'Record what a regulator asks for',
	description:
		'Facts that only people know, for the report `serious-incident`. Members that are left out stay as they are; null withdraws one. Earlier values stay readable in reports of earlier cuts.',
	access: handlers,
	params,
	body: RegulatoryInput,
	bodyExample: { class: 'fundamental-rights', memberState: 'DE', awareAt: '2026-03-02T09:30:00Z' },
	answers: regulatoryAnswers,
	errors: ['conflict'],
	handle: async ({ context, actor, params: { id }, body }) =>
		ok(await recordRegulatoryFacts(context, actor, id, body)),
})

export const incidents = {
	about: 'What went wrong and since when, with the evidence and what people did about it.',
	endpoints: [list, get, acknowledge, resolve, comment, regulatory, recordRegulatory],
} satisfies Resource
