import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { cursorText, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { listRuns } from '../../jobs/run/recorded-runs.ts'
import { JobRunAnswer, JobRuns } from '../../jobs/run/run.schema.ts'
import type { JobRun } from '../../jobs/run/run-job.ts'
import { authoriseGlobs } from '../../registry/key/authorise.ts'
import type { AppOptions } from '../endpoint.ts'
import { created, endpoint, ok, type Resource } from '../endpoint.ts'
import { pageParameters, pathText } from '../parameters.ts'

const example = {
	id: 'run_01jn8k0000',
	job: 'compute',
	status: 'ok',
	startedAt: '2026-03-02T00:05:00.000Z',
	finishedAt: '2026-03-02T00:05:01.210Z',
	durationMs: 1210,
	error: null,
	detail: { windows: 12 },
}

const list = endpoint({
	method: 'get',
	path: '/v1/jobs',
	id: 'listJobRuns',
	summary: 'List the runs of jobs, the latest first',
	description:
		'`error` and `detail` are null unless the key reaches every model, since they can name any model.',
	access: 'viewer',
	query: z.strictObject({
		job: z.string().max(64).optional().meta({ description: 'Only this job.', example: 'compute' }),
		...pageParameters,
	}),
	answers: {
		200: {
			description: 'Runs, and all jobs',
			schema: JobRuns,
			example: { items: [example], next: null, jobs: [{ id: 'compute', cron: '*/5 * * * *' }] },
		},
	},
	handle: async ({ context, actor, options, query: { job, cursor, limit } }) => {
		const rows = await listRuns(context, actor, { job, before: cursorText(cursor), limit: limit + 1 })
		const page = toPage(
			rows,
			limit,
			(run) => run.id,
			(run) => run,
		)
		return ok({ ...page, jobs: (options.jobs?.list ?? []).map(({ id, cron }) => ({ id, cron })) })
	},
})

function checkJob(jobs: AppOptions['jobs'], id: string): NonNullable<AppOptions['jobs']> {
	if (!jobs) throw new AppError('unavailable', 'This process runs no jobs. Use `plumbline run <job>`.')
	if (jobs.list.some((job) => job.id === id)) return jobs
	const ids = jobs.list.map((job) => job.id)
	const near = nearest(id, ids)
	const known = near ? `Did you mean ${JSON.stringify(near)}?` : `The jobs are ${ids.join(', ')}.`
	throw new AppError('not-found', `There is no job ${JSON.stringify(id.slice(0, 64))}. ${known}`)
}

function toAnswer(run: JobRun) {
	if (run.status === 'busy')
		throw new AppError('conflict', `The job ${run.job} is already running. See GET /v1/jobs?job=${run.job}.`)
	const { startedAt, finishedAt, error = null, detail = null } = run
	return {
		...run,
		startedAt: formatTime(startedAt),
		finishedAt: formatTime(finishedAt),
		durationMs: finishedAt - startedAt,
		error,
		detail,
	}
}

const run = endpoint({
	method: 'post',
	path: '/v1/jobs/{job}/runs',
	id: 'runJob',
	summary: 'Run a job now',
	description:
		'Responds when the run is over, also if it failed. A job acts on every model, so the key must reach every model.',
	access: 'admin',
	params: z.strictObject({ job: pathText('The id of a job.', 'compute') }),
	body: z.strictObject({}).meta({ description: 'No members.' }),
	bodyOptional: true,
	answers: { 201: { description: 'The run', schema: JobRunAnswer, example } },
	errors: ['conflict'],
	handle: async ({ actor, options, params }) => {
		authoriseGlobs(actor, 'admin', ['*'])
		return created(toAnswer(await checkJob(options.jobs, params.job).run(params.job)))
	},
})

export const jobs = { about: 'What runs on a schedule.', endpoints: [list, run] } satisfies Resource
