import { describe, expect, test } from 'vitest'
import { gitlabExecutor } from '../../../src/integrations/gitlab/executor.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import { openedBy } from '../../support/fixtures.ts'
import { type Received, startTarget, type TargetAnswer } from '../../support/target.ts'
import { callFor, describeExecutor, rollback } from '../executor-contract.ts'

const token = 'glpat-0123456789abcdefghij'
const triggerToken = 'glptt-0123456789abcdefghij0123456789abcdefghij'

/** A pipeline as GitLab lists it (doc/api/pipelines.md). */
type Pipeline = { id: number; status: string; source: string; ref: string; name: string; web_url: string }

/** GitLab's API for one project, whose pipelines take one look to end. */
async function withGitlab() {
	const pipelines: Pipeline[] = []
	const state = {
		source: "workflow:\n  name: 'Plumbline $PLUMBLINE_REQUEST'\n",
		end: 'success',
		looks: 1,
		variables: {} as Record<string, string>,
	}
	const target = await startTarget((request: Received): TargetAnswer => {
		const url = new URL(request.path, 'http://gitlab')
		const project = '/api/v4/projects/bank%2Fmodels'
		const at = `${request.method} ${url.pathname}`
		if (at === `POST ${project}/trigger/pipeline`) {
			const form = new URLSearchParams(request.body)
			if (form.get('token') !== triggerToken) return { status: 404, body: { message: '404 Not Found' } }
			state.variables = Object.fromEntries(
				[...form].flatMap(([k, v]) => (k.startsWith('variables[') ? [[k.slice(10, -1), v]] : [])),
			)
			const id = pipelines.length + 1
			const pipeline = {
				id,
				status: 'created',
				source: 'trigger',
				ref: String(form.get('ref')),
				name: `Plumbline ${state.variables.PLUMBLINE_REQUEST}`,
				web_url: `https://gitlab.com/bank/models/-/pipelines/${id}`,
			}
			pipelines.unshift(pipeline)
			return { status: 201, body: pipeline }
		}
		if (request.headers['private-token'] !== token)
			return { status: 401, body: { message: '401 Unauthorized' } }
		if (at === `GET ${project}/repository/files/.gitlab-ci.yml/raw`)
			return { status: 200, body: state.source, headers: { 'content-type': 'text/plain' } }
		if (at !== `GET ${project}/pipelines`) return { status: 404, body: { message: '404 Project Not Found' } }
		for (const pipeline of pipelines) pipeline.status = state.looks-- > 0 ? 'running' : state.end
		return { status: 200, body: pipelines.filter((p) => p.source === url.searchParams.get('source')) }
	})
	const context = {
		fetch,
		now: () => Date.now(),
		random: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
		readSecret: secretReader({ GITLAB_TOKEN: token, GITLAB_TRIGGER: triggerToken }),
	}
	const kind = gitlabExecutor(context)
	const settings = {
		url: target.url,
		project: 'bank/models',
		token: 'env:GITLAB_TOKEN',
		trigger_token: 'env:GITLAB_TRIGGER',
		variables: { VERSION: '{to}' },
		timeout: '500ms',
	}
	return {
		kind,
		settings,
		target,
		state,
		pipelines,
		secret: token,
		secretSetting: 'token',
		effects: () => pipelines.length,
		opened: () => kind.open(kind.settings.parse(settings)),
		close: () => target.close(),
	}
}

describeExecutor(withGitlab)

const it = test.extend('gitlab', openedBy(withGitlab))
const call = callFor(rollback)

describe('a pipeline of GitLab', () => {
	it('is triggered with its variables and the id of the request, and followed to its end', async ({
		gitlab,
	}) => {
		const executor = gitlab.opened()
		expect(await executor.act(call)).toEqual({
			status: 'accepted',
			detail: 'started https://gitlab.com/bank/models/-/pipelines/1',
		})
		expect(gitlab.state.variables).toEqual({ VERSION: '6', PLUMBLINE_REQUEST: call.idempotencyKey })
		expect(await executor.poll?.(call)).toMatchObject({ status: 'accepted', detail: /is running$/ })
		expect(await executor.poll?.(call)).toMatchObject({ status: 'done', detail: /ended as success$/ })
	})

	it.for(['failed', 'canceled', 'skipped'])('that ends as %s has failed', async (end, { gitlab }) => {
		Object.assign(gitlab.state, { end, looks: 0 })
		const executor = gitlab.opened()
		await executor.act(call)
		expect(await executor.poll?.(call)).toMatchObject({ status: 'refused' })
	})

	it('is not triggered unless its pipelines can be told apart', async ({ gitlab }) => {
		gitlab.state.source = 'test:\n  script: make\n'
		expect(await gitlab.opened().act(call)).toEqual({
			status: 'refused',
			detail:
				'.gitlab-ci.yml has no workflow:name with $PLUMBLINE_REQUEST: without it, a repeated call would start a second pipeline',
		})
		expect(gitlab.pipelines).toHaveLength(0)
	})

	it('whose trigger was not answered is not triggered again', async ({ gitlab }) => {
		const executor = gitlab.opened()
		gitlab.target.failOn('POST', 'close-after')
		expect(await executor.act(call)).toMatchObject({ status: 'unsure', retryAfterMs: 30_000 })
		gitlab.target.fault = undefined
		expect(await executor.act(call)).toMatchObject({ status: 'accepted' })
		expect(gitlab.pipelines).toHaveLength(1)
	})

	it('does not show its trigger token when GitLab sends it back', async ({ gitlab }) => {
		gitlab.target.failOn('POST', 'echo')
		const acted = await gitlab.opened().act(call)
		expect(acted.status).toBe('refused')
		expect(JSON.stringify(acted)).not.toContain(triggerToken)
	})
})
