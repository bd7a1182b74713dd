import { describe, expect, test } from 'vitest'
import { githubExecutor } from '../../../src/integrations/github/executor.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import { openedBy } from '../../support/fixtures.ts'
import { type Received, startTarget, type TargetAnswer } from '../../support/target.ts'
import { callFor, describeExecutor, rollback } from '../executor-contract.ts'

const token = 'ghp_0123456789abcdefghijklmnopqrstuvwx'

/** What GitHub's REST API says of a run, as far as it is used (workflow-run in its OpenAPI description). */
type Run = {
	id: number
	display_title: string
	event: string
	status: 'queued' | 'in_progress' | 'completed'
	conclusion: 'success' | 'failure' | 'cancelled' | null
	html_url: string
}

const workflow = (event: string) => `name: deploy
run-name: \${{ ${event === 'workflow_dispatch' ? 'inputs' : 'github.event.client_payload'}.plumbline_request }}
on: ${event}
`

/** GitHub's API for one repository, whose runs take one look to end. */
async function withGithub() {
	const runs: Run[] = []
	const state = {
		source: workflow('workflow_dispatch'),
		conclusion: 'success' as Run['conclusion'],
		knowsDetails: true,
		looks: 1,
	}
	const target = await startTarget((request: Received): TargetAnswer => {
		if (request.headers.authorization !== `Bearer ${token}`)
			return {
				status: 401,
				body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest' },
			}
		if (!request.headers['user-agent'])
			return { status: 403, body: 'Request forbidden by administrative rules.' }
		const url = new URL(request.path, 'http://github')
		const at = `${request.method} ${url.pathname}`
		const repository = '/repos/bank/models'
		if (at === `GET ${repository}/contents/.github/workflows/deploy.yml`)
			return {
				status: 200,
				body: state.source,
				headers: { 'content-type': 'application/vnd.github.raw+json' },
			}
		if (at === `GET ${repository}/actions/workflows/deploy.yml/runs`) {
			for (const run of runs) {
				if (state.looks-- > 0) run.status = 'in_progress'
				else Object.assign(run, { status: 'completed', conclusion: state.conclusion })
			}
			const size = Number(url.searchParams.get('per_page'))
			const from = (Number(url.searchParams.get('page')) - 1) * size
			const found = runs.filter((r) => r.event === url.searchParams.get('event'))
			return {
				status: 200,
				body: { total_count: found.length, workflow_runs: found.slice(from, from + size) },
			}
		}
		const add = (title: string, event: string) => {
			const id = runs.length + 1
			const html = `https://github.com/bank/models/actions/runs/${id}`
			runs.unshift({ id, display_title: title, event, status: 'queued', conclusion: null, html_url: html })
			return {
				workflow_run_id: id,
				run_url: `https://api.github.com${repository}/actions/runs/${id}`,
				html_url: html,
			}
		}
		const body = JSON.parse(request.body)
		if (at === `POST ${repository}/dispatches`) {
			add(body.client_payload.plumbline_request, 'repository_dispatch')
			return { status: 204 }
		}
		if (at !== `POST ${repository}/actions/workflows/deploy.yml/dispatches`)
			return { status: 404, body: { message: 'Not Found' } }
		const allowed = new Set(['plumbline_request', 'version'])
		const unexpected = Object.keys(body.inputs).filter((name) => !allowed.has(name))
		if (unexpected.length > 0)
			return { status: 422, body: { message: `Unexpected inputs provided: ${JSON.stringify(unexpected)}` } }
		if ('return_run_details' in body && !state.knowsDetails)
			return {
				status: 422,
				body: { message: 'Invalid request.\n\n"return_run_details" is not a permitted key.' },
			}
		const details = add(body.inputs.plumbline_request, 'workflow_dispatch')
		return body.return_run_details ? { status: 200, body: details } : { status: 204 }
	})
	const context = {
		fetch,
		now: () => Date.now(),
		random: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
		readSecret: secretReader({ GITHUB_TOKEN: token }),
	}
	const kind = githubExecutor(context)
	const settings = {
		repository: 'bank/models',
		workflow: 'deploy.yml',
		token: 'env:GITHUB_TOKEN',
		inputs: { version: '{to}' },
		api: target.url,
		timeout: '500ms',
	}
	return {
		kind,
		settings,
		target,
		state,
		runs,
		secret: token,
		secretSetting: 'token',
		effects: () => runs.length,
		opened: (more: object = {}) => kind.open(kind.settings.parse({ ...settings, ...more })),
		close: () => target.close(),
	}
}

describeExecutor(withGithub)

const it = test.extend('github', openedBy(withGithub))
const call = callFor(rollback)

describe('a workflow of GitHub', () => {
	it('is started with its inputs and the id of the request, and followed to its end', async ({ github }) => {
		const executor = github.opened()
		expect(await executor.act(call)).toEqual({
			status: 'accepted',
			detail: 'started https://github.com/bank/models/actions/runs/1',
		})
		const post = github.target.received.find((r) => r.method === 'POST')
		expect(JSON.parse(post?.body ?? '')).toEqual({
			ref: 'main',
			inputs: { version: '6', plumbline_request: call.idempotencyKey },
			return_run_details: true,
		})
		expect(await executor.poll?.(call)).toMatchObject({
			status: 'accepted',
			detail: 'https://github.com/bank/models/actions/runs/1 is in_progress',
		})
		expect(await executor.poll?.(call)).toEqual({
			status: 'done',
			detail: 'https://github.com/bank/models/actions/runs/1 ended as success',
		})
	})

	it('that fails or is cancelled has failed', async ({ github }) => {
		Object.assign(github.state, { conclusion: 'cancelled', looks: 0 })
		const executor = github.opened()
		await executor.act(call)
		expect(await executor.poll?.(call)).toMatchObject({
			status: 'refused',
			detail: expect.stringContaining('ended as cancelled'),
		})
	})

	it('can be started by an event of the repository', async ({ github }) => {
		github.state.source = workflow('repository_dispatch')
		const executor = github.opened({ event_type: 'plumbline' })
		expect(await executor.act(call)).toEqual({ status: 'accepted', detail: 'started a run' })
		const post = github.target.received.find((r) => r.method === 'POST')
		expect(JSON.parse(post?.body ?? '')).toEqual({
			event_type: 'plumbline',
			client_payload: { version: '6', plumbline_request: call.idempotencyKey },
		})
		expect(await executor.act(call)).toMatchObject({ status: 'accepted' })
		expect(github.runs).toHaveLength(1)
	})

	it('is started by a server that does not know return_run_details', async ({ github }) => {
		github.state.knowsDetails = false
		expect(await github.opened().act(call)).toMatchObject({ status: 'accepted' })
		expect(github.runs).toHaveLength(1)
	})

	it('is not started unless its runs can be told apart, since a repetition would start a second one', async ({
		github,
	}) => {
		github.state.source = 'name: deploy\non: workflow_dispatch\n'
		expect(await github.opened().act(call)).toEqual({
			status: 'refused',
			detail: `deploy.yml has no run-name with $\{{ inputs.plumbline_request }}: without it, a repeated call would start a second run`,
		})
		expect(github.runs).toHaveLength(0)
	})

	it('whose start was not answered is not started again, and not too soon', async ({ github }) => {
		const executor = github.opened()
		github.target.failOn('POST', 'close-after')
		expect(await executor.act(call)).toMatchObject({ status: 'unsure', retryAfterMs: 30_000 })
		github.target.fault = undefined
		expect(await executor.act(call)).toMatchObject({ status: 'accepted' })
		expect(github.runs).toHaveLength(1)
	})

	it('is found on a later page', async ({ github }) => {
		const executor = github.opened()
		await executor.act(call)
		for (let i = 0; i < 150; i++)
			github.runs.unshift({ ...(github.runs.at(-1) as Run), display_title: `another ${i}` })
		expect(await executor.act(call)).toMatchObject({ status: 'done' })
		expect(github.runs).toHaveLength(151)
	})

	it('cannot be followed for a moment without having failed', async ({ github }) => {
		const executor = github.opened()
		await executor.act(call)
		for (const status of [401, 403, 404, 500]) {
			github.target.fault = { status }
			expect(await executor.poll?.(call)).toMatchObject({ status: 'unsure' })
		}
	})

	it('waits when the rate is limited, which GitHub says with 403', async ({ github }) => {
		github.target.fault = { status: 403, headers: { 'x-ratelimit-remaining': '0', 'retry-after': '60' } }
		expect(await github.opened().act(call)).toMatchObject({
			status: 'unsure',
			known: 'not-done',
			retryAfterMs: 60_000,
		})
	})

	it('says what GitHub refused', async ({ github }) => {
		const executor = github.opened({ inputs: { wrong: '1' } })
		expect(await executor.act(call)).toEqual({
			status: 'refused',
			detail: 'it answered 422: Unexpected inputs provided: ["wrong"]',
		})
	})

	it('has its settings checked', ({ github: { kind, settings } }) => {
		const fault = (more: object) =>
			kind.settings.safeParse({ ...settings, ...more }).error?.issues[0]?.message
		expect(fault({ repository: 'bank' })).toBe('must be owner/name')
		expect(fault({ workflow: '../secrets' })).toBe('must be the name of a file, such as deploy.yml')
		expect(fault({ inputs: { version: '{versoin}' } })).toContain(
			'can have these placeholders: {kind}, {model}',
		)
		expect(fault({ token })).toContain('must be env:NAME or file:PATH')
	})
})
