import { z } from 'zod'
import { collectBytes } from '../../core/collect-bytes.ts'
import { AppError } from '../../core/errors.ts'
import { bodyError } from '../../core/gunzip.ts'
import { ArtifactRecord, UploadedArtifact } from '../../registry/artifact/artifact.schema.ts'
import { uploadArtifact } from '../../registry/artifact/upload-artifact.ts'
import { getArtifact, readArtifactFile } from '../../registry/artifact/version-artifact.ts'
import { ArtifactFormatName } from '../../registry/version/version.schema.ts'
import type { RequestBody } from '../body.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { plainBytes } from '../ingest/open-body.ts'
import { modelPath, pathText } from '../parameters.ts'

const path = '/v1/models/{model}/versions/{version}/artifact'
const params = z.strictObject({ ...modelPath, version: pathText('A version of the model.', '7') })
const sha256 = '6ecd4d3cba5b8a5b2b0f4bd6e8eb9a7f1a2f8c27e8a2a6fbb6f2d1e2b1f1c0de'
const name = { model: 'credit-default', version: '7', sha256, format: 'xgboost-json' as const }
const uploadedExample = {
	...name,
	bytes: 284113,
	features: ['LIMIT_BAL', 'EDUCATION', 'PAY_0'],
	outputs: 1,
	classes: null,
	space: 'log-odds',
	warnings: ['The manifest\'s member "mising" is kept and not used; did you mean "missing"?'],
}
const example = { ...name, uri: null, bytes: 284113, storedAt: '2026-03-02T00:00:00.000Z' }

/** The file in the body, unpacked if it is gzipped, up to the limit. */
async function fileOf(headers: Headers, body: RequestBody): Promise<Uint8Array> {
	body.hold.isFile = true
	const packed = headers.get('content-encoding') ?? 'identity'
	const expected = packed === 'identity' ? body.declaredBytes : undefined
	const stream = plainBytes(headers, body.within('artifactBytes'))
	const bytes = await collectBytes(stream, body.limits.artifactBytes, expected, body.hold).catch(
		(error: unknown) => {
			throw bodyError(error)
		},
	)
	if (!bytes) throw body.tooLarge()
	if (bytes.byteLength === 0) throw new AppError('malformed', 'The body is empty; it must be the model file.')
	return bytes
}

const file = z.string().meta({ format: 'binary' })
const put = endpoint({
	method: 'put',
	path,
	id: 'uploadArtifact',
	summary: 'Upload the model file of a version',
	description:
		'The file is read, never executed, and stored once by its SHA-256. It must match the registered digest; a version registered without an artefact is bound to the first file uploaded. Predictions logged before the upload are then replayed. Pickles, joblib files, trees with vector leaves and linear trees are refused; the error says what to export instead.',
	access: 'admin',
	params,
	query: z.strictObject({
		format: ArtifactFormatName.optional().meta({
			description: 'For versions registered without an artefact. Default: detected from the content.',
			example: 'xgboost-json',
		}),
	}),
	rows: {
		description: 'The bytes of the file, of any content type, optionally with Content-Encoding: gzip.',
		types: {
			'application/octet-stream': { schema: file, example: '' },
			'application/json': { schema: z.unknown(), example: {} },
		},
	},
	answers: {
		201: { description: 'Stored', schema: UploadedArtifact, example: uploadedExample },
		200: {
			description: 'The same file was already stored',
			schema: UploadedArtifact,
			example: uploadedExample,
		},
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params, query, request, stream }) => {
		const bytes = await fileOf(request.headers, stream)
		const { uploaded, isNew } = await uploadArtifact(context, actor, params, bytes, query.format)
		return { status: isNew ? 201 : 200, body: uploaded }
	},
})

const get = endpoint({
	method: 'get',
	path,
	id: 'getArtifact',
	summary: 'Describe the artefact of a version',
	access: 'viewer',
	params,
	answers: { 200: { description: 'Its digest, format and size', schema: ArtifactRecord, example } },
	handle: async ({ context, actor, params }) => ok(await getArtifact(context, actor, params)),
})

const getFile = endpoint({
	method: 'get',
	path: `${path}/file`,
	id: 'readArtifactFile',
	summary: 'Download the model file of a version',
	description: 'Every download is recorded in the ledger.',
	access: ['auditor', 'admin'],
	params,
	answers: {
		200: { description: 'The bytes', schema: file, type: 'application/octet-stream', example: '' },
	},
	handle: async ({ context, actor, params }) => {
		const { sha256: digest, bytes } = await readArtifactFile(context, actor, params)
		const headers = {
			'content-type': 'application/octet-stream',
			'content-length': String(bytes.byteLength),
			'content-disposition': `attachment; filename="${digest}"`,
			etag: `"sha256:${digest}"`,
		}
		return new Response(bytes as Uint8Array<ArrayBuffer>, { headers })
	},
})

export const artifacts = {
	about: 'Model files of versions: stored by digest, replayed, never executed.',
	endpoints: [put, get, getFile],
} satisfies Resource
