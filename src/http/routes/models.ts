import { z } from 'zod'
import { changeModel } from '../../approvals/protection/change-model.ts'
import { getModel, listModels } from '../../registry/model/list-models.ts'
import { ModelInput, ModelPatch, ModelRecord, ModelWithHealth } from '../../registry/model/model.schema.ts'
import { registerModel } from '../../registry/model/register-model.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters } from '../parameters.ts'

const input = {
	model: 'credit-default',
	task: 'binary',
	owner: 'credit-risk',
	riskTier: 'high',
	tags: ['credit'],
	positiveLabel: '1',
	negativeLabel: '0',
	favourable: '0',
	threshold: 0.5,
	sensitive: ['SEX'],
	segments: ['branch'],
	upstreams: ['crm'],
}
const example = {
	...input,
	bands: {},
	maturity: { coverage: 0.8, delay: '30d' },
	retention: '90d',
	deleteAfter: { predictions: 'law', outcomes: 'law', groups: '400d' },
	encrypt: false,
	purpose: 'Decides on applications for consumer loans.',
	limitations: null,
	validatedAt: '2026-02-01T00:00:00.000Z',
	nextReview: '2027-02-01T00:00:00.000Z',
	createdAt: '2026-03-02T00:00:00.000Z',
	revision: 1,
}
const health = {
	status: 'ok',
	worstAlert: null,
	lastPrediction: '2026-03-02T09:30:00.000Z',
	lastComputation: '2026-03-02T09:35:00.000Z',
	waitingOutcomes: 0,
}

const register = endpoint({
	method: 'post',
	path: '/v1/models',
	id: 'registerModel',
	summary: 'Register a model',
	description: 'Sending the same content again returns 200; other content under the same name is a conflict.',
	access: 'admin',
	body: ModelInput,
	bodyExample: input,
	answers: {
		201: {
			description: 'Registered',
			schema: ModelRecord,
			example,
			headers: { location: 'The path of the model' },
		},
		200: { description: 'Already registered with this content', schema: ModelRecord, example },
	},
	errors: ['conflict'],
	handle: async ({ context, actor, body }) => {
		const { record, isNew } = await registerModel(context, actor, body)
		const location = `/v1/models/${encodeURIComponent(record.model)}`
		return { status: isNew ? 201 : 200, body: record, headers: { location } }
	},
})

const list = endpoint({
	method: 'get',
	path: '/v1/models',
	id: 'listModels',
	summary: 'List models with their health',
	access: 'viewer',
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'The models in the scope of the key',
			schema: pageOf(ModelWithHealth),
			example: { items: [{ ...example, health }], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listModels(context, actor, query)),
})

const get = endpoint({
	method: 'get',
	path: '/v1/models/{model}',
	id: 'getModel',
	summary: 'Read a model with its health',
	access: 'viewer',
	params: z.strictObject(modelPath),
	answers: { 200: { description: 'The model', schema: ModelWithHealth, example: { ...example, health } } },
	handle: async ({ context, actor, params }) => ok(await getModel(context, actor, params.model)),
})

const patch = endpoint({
	method: 'patch',
	path: '/v1/models/{model}',
	id: 'patchModel',
	summary: 'Change a model',
	description:
		'Name and task cannot change: another task is another model. A lower risk tier of a model with a protected deployment changes nothing and is requested instead: 409 `needs-approval`.',
	access: 'admin',
	params: z.strictObject(modelPath),
	body: ModelPatch,
	bodyExample: { owner: 'credit-risk', threshold: 0.4 },
	answers: {
		200: {
			description: 'The changed model',
			schema: ModelRecord,
			example: { ...example, threshold: 0.4, revision: 2 },
		},
	},
	errors: ['conflict', 'needs-approval', 'unsatisfiable'],
	handle: async ({ context, actor, params, body }) =>
		ok(await changeModel(context, actor, params.model, body)),
})

export const models = {
	about: 'The models that Plumbline watches.',
	endpoints: [register, list, get, patch],
} satisfies Resource
