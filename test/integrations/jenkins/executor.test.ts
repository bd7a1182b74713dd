import { describe, expect, test } from 'vitest'
import { jenkinsExecutor } from '../../../src/integrations/jenkins/executor.ts'
import { secretReader } from '../../../src/platform/node/read-secret.ts'
import { openedBy } from '../../support/fixtures.ts'
import { type Received, startTarget, type TargetAnswer } from '../../support/target.ts'
import { callFor, describeExecutor, rollback } from '../executor-contract.ts'

const token = '11d3c5e7a9b1c3d5e7f9a1b3c5d7e9f1a3'

type Item = { id: number; parameters: { name: string; value: string }[] }
type Build = Item & { result: string | null; building: boolean }

/** Jenkins with one job in a folder: a build waits in the queue for one look, and runs for another. */
async function withJenkins() {
	const queue: Item[] = []
	const builds: Build[] = []
	const state = { declares: true, result: 'SUCCESS', crumbs: true, crumbSeen: false }
	const target = await startTarget((request: Received): TargetAnswer => {
		const basic = Buffer.from(`ops:${token}`).toString('base64')
		if (request.headers.authorization !== `Basic ${basic}`) return { status: 401, body: '<html>401</html>' }
		const url = new URL(request.path, 'http://jenkins')
		const at = `${request.method} ${url.pathname}`
		const actionsOf = ({ parameters }: Item) => [
			{},
			{ _class: 'hudson.model.ParametersAction', parameters },
			null,
		]
		if (at === 'GET /crumbIssuer/api/json')
			return state.crumbs
				? {
						status: 200,
						body: { crumb: 'c0ffee', crumbRequestField: 'Jenkins-Crumb' },
						headers: { 'set-cookie': 'JSESSIONID.1=node0abc; Path=/; HttpOnly' },
					}
				: { status: 404, body: '<html>404</html>' }
		if (at === 'GET /queue/api/json') {
			const items = queue.map((item) => ({
				id: item.id,
				why: 'In the quiet period',
				actions: actionsOf(item),
			}))
			for (const item of queue.splice(0)) builds.unshift({ ...item, result: null, building: true })
			return { status: 200, body: { _class: 'hudson.model.Queue', items } }
		}
		if (at === 'GET /job/models/job/deploy/api/json') {
			const parameterDefinitions = state.declares ? [{ name: 'PLUMBLINE_REQUEST' }, { name: 'VERSION' }] : []
			const body = {
				property: [{}, { parameterDefinitions }],
				builds: builds.map((build) => ({
					url: `${target.url}/job/models/job/deploy/${build.id}/`,
					result: build.result,
					building: build.building,
					actions: actionsOf(build),
				})),
			}
			for (const build of builds) Object.assign(build, { result: state.result, building: false })
			return { status: 200, body }
		}
		if (at !== 'POST /job/models/job/deploy/buildWithParameters')
			return { status: 404, body: '<html>404</html>' }
		state.crumbSeen =
			request.headers['jenkins-crumb'] === 'c0ffee' && request.headers.cookie === 'JSESSIONID.1=node0abc'
		if (state.crumbs && !state.crumbSeen)
			return { status: 403, body: '<html>403 No valid crumb was included in the request</html>' }
		const id = queue.length + builds.length + 1
		queue.push({
			id,
			parameters: [...new URLSearchParams(request.body)].map(([name, value]) => ({ name, value })),
		})
		return { status: 201, headers: { location: `${target.url}/queue/item/${id}/` } }
	})
	const context = {
		fetch,
		now: () => Date.now(),
		random: (n: number) => crypto.getRandomValues(new Uint8Array(n)),
		readSecret: secretReader({ JENKINS_TOKEN: token }),
	}
	const kind = jenkinsExecutor(context)
	const settings = {
		url: target.url,
		job: 'models/deploy',
		user: 'ops',
		token: 'env:JENKINS_TOKEN',
		parameters: { VERSION: '{to}' },
		timeout: '500ms',
	}
	return {
		kind,
		settings,
		target,
		state,
		queue,
		secret: token,
		secretSetting: 'token',
		effects: () => queue.length + builds.length,
		opened: (more: object = {}) => kind.open(kind.settings.parse({ ...settings, ...more })),
		close: () => target.close(),
	}
}

describeExecutor(withJenkins)

const it = test.extend('jenkins', openedBy(withJenkins))
const call = callFor(rollback)

describe('a job of Jenkins', () => {
	it('is built with its parameters and the id of the request, and followed through the queue', async ({
		jenkins,
	}) => {
		const executor = jenkins.opened()
		expect(await executor.act(call)).toEqual({
			status: 'accepted',
			detail: `queued as ${jenkins.target.url}/queue/item/1/`,
		})
		expect(jenkins.state.crumbSeen).toBe(true)
		expect(jenkins.queue[0]?.parameters).toEqual([
			{ name: 'VERSION', value: '6' },
			{ name: 'PLUMBLINE_REQUEST', value: call.idempotencyKey },
		])
		expect(await executor.poll?.(call)).toMatchObject({
			status: 'accepted',
			detail: 'item 1 of the queue waits',
		})
		expect(await executor.poll?.(call)).toMatchObject({
			status: 'accepted',
			detail: /deploy\/1\/ is running$/,
		})
		expect(await executor.poll?.(call)).toMatchObject({ status: 'done', detail: /ended as SUCCESS$/ })
	})

	it.for(['FAILURE', 'UNSTABLE', 'ABORTED', 'NOT_BUILT'])(
		'that ends as %s has failed',
		async (result, { jenkins }) => {
			jenkins.state.result = result
			const executor = jenkins.opened()
			await executor.act(call)
			for (let i = 0; i < 2; i++) expect(await executor.poll?.(call)).toMatchObject({ status: 'accepted' })
			expect(await executor.poll?.(call)).toMatchObject({ status: 'refused' })
		},
	)

	it('is built by a server that issues no crumbs', async ({ jenkins }) => {
		jenkins.state.crumbs = false
		expect(await jenkins.opened().act(call)).toMatchObject({ status: 'accepted' })
	})

	it('is not built unless it declares the parameter by which its builds are told apart', async ({
		jenkins,
	}) => {
		jenkins.state.declares = false
		expect(await jenkins.opened().act(call)).toEqual({
			status: 'refused',
			detail:
				'the job models/deploy has no parameter PLUMBLINE_REQUEST: without it, a repeated call would start a second build',
		})
		expect(jenkins.effects()).toBe(0)
	})

	it('whose start was not answered is not built again', async ({ jenkins }) => {
		const executor = jenkins.opened()
		jenkins.target.failOn('POST', 'close-after')
		expect(await executor.act(call)).toMatchObject({ status: 'unsure', retryAfterMs: 30_000 })
		jenkins.target.fault = undefined
		expect(await executor.act(call)).toMatchObject({ status: 'accepted' })
		expect(jenkins.effects()).toBe(1)
	})

	it('has an encoded name in the URL', ({ jenkins }) => {
		const { calls } = jenkins.opened({ job: 'a b/c?d' }).plan(rollback)
		expect(calls[1]).toContain(`${jenkins.target.url}/job/a%20b/job/c%3Fd/api/json`)
	})
})
