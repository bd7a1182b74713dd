import { z } from 'zod'
import { ingestRows } from '../../ingest/ingest-rows.ts'
import { IngestAnswer, OutcomeAnswer } from '../../ingest/rows.schema.ts'
import type { RowKind } from '../../log/row-kinds.ts'
import { parseRows } from '../../tables/json-rows.ts'
import { type Endpoint, endpoint, ok } from '../endpoint.ts'
import { modelPath } from '../parameters.ts'
import { plainBytes, rowsFormat } from './open-body.ts'

/** The operation that accepts rows of one kind: all kinds share body formats, limits and response. */
export function ingestEndpoint(spec: {
	kind: RowKind
	path: string
	id: string
	summary: string
	description: string
	row: z.ZodType
	example: object
}): Endpoint {
	const { kind, row, example } = spec
	const line = JSON.stringify(example)
	return endpoint({
		method: 'post',
		path: `/v1/models/{model}/${spec.path}`,
		id: spec.id,
		summary: spec.summary,
		description: `${spec.description}\n\nEach row of a batch is validated on its own: valid rows are stored, invalid ones are listed in \`rejected\`. Rows counted as accepted are durable. Sending the same rows again is safe.`,
		access: 'ingest',
		params: z.object(modelPath),
		rows: {
			description: 'A JSON array, or NDJSON (streamed); optionally with Content-Encoding: gzip.',
			types: {
				'application/json': { schema: z.array(row), example: [example] },
				'application/x-ndjson': { schema: z.string(), example: `${line}\n` },
			},
		},
		answers: {
			200: {
				description: 'How many rows were stored, and which were not',
				schema: kind === 'outcome' ? OutcomeAnswer : IngestAnswer,
				example: {
					accepted: 1,
					duplicates: 0,
					rejected: [],
					rejectedCount: 0,
					...(kind === 'outcome' ? { waiting: 0 } : {}),
				},
			},
		},
		errors: ['overloaded'],
		handle: async ({ context, actor, params, request: { headers }, stream, traffic }) => {
			const body = { format: rowsFormat(headers, stream), stream: plainBytes(headers, stream) }
			const rows = parseRows(body, context.limits, stream)
			const { waiting, ...answer } = await ingestRows(context, actor, params.model, kind, rows, stream)
			traffic.addRows(params.model, kind, answer.accepted)
			return ok(kind === 'outcome' ? { ...answer, waiting } : answer)
		},
	})
}
