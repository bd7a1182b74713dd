import { z } from 'zod'
import { liftFreeze } from '../../approvals/protection/lift-freeze.ts'
import { Reason } from '../../core/schemas.ts'
import { findVersion, listVersions, toVersionRecord } from '../../registry/version/find-version.ts'
import { registerVersion } from '../../registry/version/register-version.ts'
import { VersionInput, VersionRecord } from '../../registry/version/version.schema.ts'
import { endpoint, noContent, ok, type Resource } from '../endpoint.ts'
import { modelPath, pageOf, pageParameters, pathText } from '../parameters.ts'

const input = {
	version: '7',
	features: [
		{ name: 'LIMIT_BAL', type: 'numeric', min: 0 },
		{ name: 'EDUCATION', type: 'categorical', values: ['1', '2', '3', '4'] },
		{ name: 'PAY_0', type: 'numeric', nullable: false },
	],
	lineage: { run: 'mlflow:4f1c', commit: '9fceb02' },
}
const example = {
	model: 'credit-default',
	...input,
	artifact: null,
	manifest: null,
	metrics: null,
	createdAt: '2026-03-02T00:00:00.000Z',
}

const register = endpoint({
	method: 'post',
	path: '/v1/models/{model}/versions',
	id: 'registerVersion',
	summary: 'Register a version',
	description:
		'A version never changes. Sending the same content again returns 200; other content is a conflict.',
	access: 'admin',
	params: z.strictObject(modelPath),
	body: VersionInput,
	bodyExample: input,
	answers: {
		201: {
			description: 'Registered',
			schema: VersionRecord,
			example,
			headers: { location: 'The path of the version' },
		},
		200: { description: 'Already registered with this content', schema: VersionRecord, example },
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params, body }) => {
		const { record, isNew } = await registerVersion(context, actor, params.model, body)
		const location = `/v1/models/${encodeURIComponent(record.model)}/versions/${encodeURIComponent(record.version)}`
		return { status: isNew ? 201 : 200, body: record, headers: { location } }
	},
})

const list = endpoint({
	method: 'get',
	path: '/v1/models/{model}/versions',
	id: 'listVersions',
	summary: 'List the versions of a model',
	access: 'viewer',
	params: z.strictObject(modelPath),
	query: z.strictObject(pageParameters),
	answers: {
		200: {
			description: 'Versions by name',
			schema: pageOf(VersionRecord),
			example: { items: [example], next: null },
		},
	},
	handle: async ({ context, actor, params, query }) =>
		ok(await listVersions(context, actor, params.model, query)),
})

const get = endpoint({
	method: 'get',
	path: '/v1/models/{model}/versions/{version}',
	id: 'getVersion',
	summary: 'Read a version',
	access: 'viewer',
	params: z.strictObject({ ...modelPath, version: pathText('A version of the model.', '7') }),
	answers: { 200: { description: 'The version', schema: VersionRecord, example } },
	handle: async ({ context, params }) =>
		ok(toVersionRecord(await findVersion(context, params.model, params.version))),
})

const unfreeze = endpoint({
	method: 'delete',
	path: '/v1/models/{model}/versions/{version}/freeze',
	id: 'liftFreeze',
	summary: 'Let a version be promoted again',
	description:
		'A verified rollback freezes the version that it left: requests for it are 409 `frozen`, and so are direct deployments to the environment of the rollback.',
	access: 'admin',
	params: z.strictObject({ ...modelPath, version: pathText('A version of the model.', '7') }),
	body: z.strictObject({ reason: Reason }),
	bodyExample: { reason: 'The input was wrong, not the version' },
	answers: { 204: { description: 'No longer frozen' } },
	handle: async ({ context, actor, params: { model, version }, body }) => {
		await liftFreeze(context, actor, model, version, body.reason)
		return noContent
	},
})

export const versions = {
	about: 'The versions of a model.',
	endpoints: [register, list, get, unfreeze],
} satisfies Resource
