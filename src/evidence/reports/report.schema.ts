import { z } from 'zod'
import { type Output, Time, TimeOrNull, TimeParameter } from '../../core/schemas.ts'
import { reportStatuses } from '../../db/schema.ts'

const name = z.string().min(1).max(256)

export const ReportInput = z
	.strictObject({
		template: name.meta({ description: 'The template.', example: 'model-monitoring' }),
		model: name.optional().meta({ description: 'The model. Only a report about a person can do without.' }),
		period: z.strictObject({ from: TimeParameter, to: TimeParameter }).optional().meta({
			description: 'For templates about a period; `to` is exclusive.',
		}),
		predictionId: z
			.string()
			.min(1)
			.max(1024)
			.optional()
			.meta({ description: 'For templates about one decision.' }),
		subject: z
			.string()
			.min(1)
			.max(1024)
			.optional()
			.meta({ description: 'For templates about one person: the `subject` of their predictions.' }),
		incident: name.optional().meta({ description: 'For templates about an incident: its id.' }),
		cut: z
			.strictObject({ size: z.int().min(1) })
			.optional()
			.meta({ description: 'The size of a checkpoint of the ledger. Default: the newest.' }),
	})
	.meta({ id: 'ReportInput' })
export type ReportInput = z.output<typeof ReportInput>

const digest = z.string().meta({ description: '`sha256:` and 64 hexadecimal digits.' })

export const Report = z
	.strictObject({
		id: z.string(),
		template: z.string(),
		templateVersion: z.string(),
		model: z.string(),
		period: z.strictObject({ from: Time, to: Time }).nullable(),
		predictionId: z.string().nullable(),
		subject: z.string().nullable(),
		incident: z.string().nullable(),
		status: z.enum(reportStatuses).meta({ description: 'A draft until its request is approved.' }),
		digests: z.strictObject({
			json: digest,
			html: digest,
			pdf: digest.nullable().meta({ description: 'Null where it was made on Workers, which have no PDF.' }),
			csv: digest,
		}),
		manifest: digest.meta({
			description: 'The digest of manifest.json in the bundle, which people approve.',
		}),
		cut: z.strictObject({ size: z.int(), root: z.string() }),
		author: z.string(),
		approvers: z.array(z.string()),
		request: z.string().nullable().meta({
			description: 'The latest request for its approval. If it is rejected, the report stays a draft.',
		}),
		requestStatus: z.string().nullable(),
		createdAt: Time,
		erasedAt: TimeOrNull.meta({ description: 'When its files were deleted, with the data of the person.' }),
	})
	.meta({ id: 'Report' })
export type Report = Output<typeof Report>

const exampleDigest = 'sha256:5d41402abc4b2a76b9719d911017c592ae5d1ba1c1f2b3ba2a3f1c7f0f2b9a10'
/** As the documentation shows it. */
export const reportExample = {
	id: 'rep_01kjx2y4v0',
	template: 'model-monitoring',
	templateVersion: '1',
	model: 'credit-default',
	period: { from: '2026-02-01T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' },
	predictionId: null,
	subject: null,
	incident: null,
	status: 'draft',
	digests: { json: exampleDigest, html: exampleDigest, pdf: exampleDigest, csv: exampleDigest },
	manifest: exampleDigest,
	cut: { size: 4711, root: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d' },
	author: 'ana@bank.example',
	approvers: [],
	request: 'req_01kjx2y4v0',
	requestStatus: 'pending',
	createdAt: '2026-03-02T00:00:00.000Z',
	erasedAt: null,
}
