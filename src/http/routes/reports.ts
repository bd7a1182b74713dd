import { z } from 'zod'
import { reportStatuses } from '../../db/schema.ts'
import { bundleReport } from '../../evidence/reports/bundle.ts'
import { createReport, reportRoles } from '../../evidence/reports/create-report.ts'
import { getReport, listReports, type ReportForm, readForm } from '../../evidence/reports/read-report.ts'
import { Report, ReportInput, reportExample } from '../../evidence/reports/report.schema.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { pageOf, pageParameters, pathText } from '../parameters.ts'

const params = z.strictObject({ id: pathText('The id of a report.', 'rep_01kjx2y4v0') })
const answers = { 200: { description: 'The report', schema: Report, example: reportExample } }

const create = endpoint({
	method: 'post',
	path: '/v1/reports',
	id: 'createReport',
	summary: 'Make a report',
	description:
		'Computes the report as of a checkpoint of the ledger and stores it, as a draft whose approval is requested. The same template, subject, cut and author again give the stored report.',
	access: reportRoles,
	body: ReportInput,
	bodyExample: {
		template: 'model-monitoring',
		model: 'credit-default',
		period: { from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z' },
	},
	answers: {
		201: { description: 'The report', schema: Report, example: reportExample },
		200: { description: 'The same report, made before', schema: Report, example: reportExample },
	},
	errors: ['conflict', 'erased', 'not-found', 'too-large', 'unavailable', 'unsatisfiable'],
	handle: async ({ context, actor, body }) => {
		const { report, isNew } = await createReport(context, actor, body)
		return isNew ? created(report, { location: `/v1/reports/${report.id}` }) : ok(report)
	},
})

const list = endpoint({
	method: 'get',
	path: '/v1/reports',
	id: 'listReports',
	summary: 'List reports',
	access: reportRoles,
	query: z.strictObject({
		model: z
			.string()
			.min(1)
			.max(256)
			.optional()
			.meta({ description: 'Only reports of this model.', example: 'credit-default' }),
		template: z
			.string()
			.min(1)
			.max(256)
			.optional()
			.meta({ description: 'Only reports of this template.', example: 'model-monitoring' }),
		status: z
			.enum(reportStatuses)
			.optional()
			.meta({ description: 'Only reports with this status.', example: 'approved' }),
		...pageParameters,
	}),
	answers: {
		200: {
			description: 'The latest first',
			schema: pageOf(Report),
			example: { items: [reportExample], next: null },
		},
	},
	handle: async ({ context, actor, query }) => ok(await listReports(context, actor, query)),
})

const get = endpoint({
	method: 'get',
	path: '/v1/reports/{id}',
	id: 'getReport',
	summary: 'Read what a report is about, its digests and its approval',
	access: reportRoles,
	params,
	answers,
	handle: async ({ context, actor, params: { id } }) => ok(await getReport(context, actor, id)),
})

/** The id without the ending of the path. */
const formParams = (kind: string) =>
	z.strictObject({ id: params.shape.id.transform((id) => id.slice(0, -(kind.length + 1))) })

const fileHeaders = ({ id, template }: { id: string; template: string }, kind: string, type: string) => ({
	'content-type': type,
	'content-disposition': `attachment; filename="${template}-${id}.${kind}"`,
})

const form = (kind: ReportForm, type: string, summary: string) =>
	endpoint({
		method: 'get',
		path: `/v1/reports/{id}.${kind}`,
		id: `getReport${kind[0]?.toUpperCase()}${kind.slice(1)}`,
		summary,
		description: 'Always the same bytes, until the report is approved.',
		access: reportRoles,
		params: formParams(kind),
		answers: { 200: { description: 'The report', type } },
		errors: ['erased'],
		handle: async ({ context, actor, params: { id } }) => {
			const { row, bytes } = await readForm(context, actor, id, kind)
			return new Response(bytes, { headers: fileHeaders(row, kind, type) })
		},
	})

const bundle = endpoint({
	method: 'get',
	path: '/v1/reports/{id}.zip',
	id: 'getReportBundle',
	summary: 'Read a report with its evidence',
	description:
		'A ZIP archive with the report, the data that it was computed from, the law, proofs, and the ledger up to a signed checkpoint; `VERIFY.md` in it says how to check it. The ledger has entries of all models: it is left out for keys with a narrower scope.',
	access: reportRoles,
	params: formParams('zip'),
	answers: { 200: { description: 'The bundle', type: 'application/zip' } },
	errors: ['unavailable', 'too-large', 'conflict', 'erased'],
	handle: async ({ context, actor, params: { id } }) => {
		const { row, zip } = await bundleReport(context, actor, id)
		return new Response(zip, { headers: fileHeaders(row, 'zip', 'application/zip') })
	},
})

export const reports = {
	about: 'Reports for regulators, with their evidence.',
	endpoints: [
		create,
		list,
		form('json', 'application/json', 'Read a report as JSON'),
		form('html', 'text/html; charset=utf-8', 'Read a report as HTML'),
		form('pdf', 'application/pdf', 'Read a report as PDF'),
		form('csv', 'text/csv; charset=utf-8', 'Read a report as CSV'),
		bundle,
		get,
	],
} satisfies Resource
