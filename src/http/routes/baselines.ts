import { z } from 'zod'
import { BaselineAnswer, BaselineRow } from '../../registry/baseline/baseline.schema.ts'
import { hasBaseline } from '../../registry/baseline/current-reference.ts'
import { putBaseline } from '../../registry/baseline/put-baseline.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { endpoint, type Resource } from '../endpoint.ts'
import { BaselineWindow, baselineBody } from '../ingest/baseline-body.ts'
import { modelPath, pathText } from '../parameters.ts'

const row = { features: { LIMIT_BAL: 20000, EDUCATION: '2' }, score: 0.31, actual: 0 }
const example = {
	digest: '9b3c9568142e82560961398075b8262f7cc5d442a28fda3451183e970a2af1ed',
	rows: 10000,
	features: [{ name: 'LIMIT_BAL', cells: 20, warnings: [] }],
}
const csv = 'LIMIT_BAL,EDUCATION,score,actual\n20000,2,0.31,0\n'

const put = endpoint({
	method: 'put',
	path: '/v1/models/{model}/versions/{version}/baseline',
	id: 'putBaseline',
	summary: 'Set the baseline of a version',
	description:
		'Rows of the same shape as predictions, in which id, version and time are optional; or a window of the log. CSV and Parquet have one column per feature, plus `score`, `label`, `actual`, `timestamp`, `predictionId` and `segment.<name>`; `features.<name>` for a feature with one of these names. Empty CSV cells are null. Baseline rows are not traffic. The response is sent once the baseline is in force.',
	access: 'admin',
	params: z.strictObject({ ...modelPath, version: pathText('A version of the model.', '7') }),
	rows: {
		description:
			'The rows, optionally gzipped, or a window. One invalid row rejects the whole baseline; the error lists the faults with their paths.',
		types: {
			'application/json': { schema: z.union([z.array(BaselineRow), BaselineWindow]), example: [row] },
			'application/x-ndjson': { schema: z.string(), example: `${JSON.stringify(row)}\n` },
			'text/csv': { schema: z.string(), example: csv },
			'application/vnd.apache.parquet': { schema: z.string().meta({ format: 'binary' }), example: '' },
		},
	},
	answers: {
		200: { description: 'It replaces the previous baseline', schema: BaselineAnswer, example },
		201: { description: 'The first baseline of the version', schema: BaselineAnswer, example },
	},
	errors: ['conflict'],
	handle: async ({ context, actor, params, request, stream }) => {
		const version = await findVersion(context, params.model, params.version)
		const batches = await baselineBody(context, request.headers, stream, version)
		const isNew = !(await hasBaseline(context, params.model, params.version))
		const answer = await putBaseline(context, actor, params.model, params.version, batches)
		return { status: isNew ? 201 : 200, body: answer }
	},
})

export const baselines = {
	about: 'The rows that a version is compared with.',
	endpoints: [put],
} satisfies Resource
