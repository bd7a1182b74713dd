import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { model, openConversation } from '../support/conversation.ts'
import { haveConversation } from '../support/conversation-story.ts'
import { FollowerProcess } from '../support/follower.ts'
import { startMlflow } from '../support/mlflow.ts'
import { hasPeers, peersPython } from '../support/peers.ts'
import type { Json } from '../support/server.ts'
import { checkTranscript, stableText } from '../support/transcript.ts'

const opened: (() => Promise<unknown>)[] = []
afterAll(async () => {
	for (const close of opened.reverse()) await close()
})

/** A call of MLflow's REST interface. */
const caller =
	(url: string) =>
	async (method: string, path: string, body?: object): Promise<Json> => {
		const query = method === 'GET' ? `?${new URLSearchParams(body as Record<string, string>)}` : ''
		const response = await fetch(`${url}/api/2.0/mlflow/${path}${query}`, {
			method,
			headers: { 'content-type': 'application/json' },
			...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
		})
		if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
		return response.json()
	}

/** A registry with seven versions of the model. */
async function registry() {
	const folder = mkdtempSync(join(tmpdir(), 'plumbline-mlflow-'))
	opened.push(() => rm(folder, { recursive: true, force: true }))
	const { url, stop } = await startMlflow(folder)
	opened.push(stop)
	const call = caller(url)
	await call('POST', 'registered-models/create', { name: model })
	for (let version = 1; version <= 7; version++)
		await call('POST', 'model-versions/create', { name: model, source: `s3://models/credit-risk/${version}` })
	return {
		url,
		serve: (version: string) =>
			call('POST', 'registered-models/alias', { name: model, alias: 'champion', version }),
		champion: async (): Promise<Json> =>
			(await call('GET', 'registered-models/alias', { name: model, alias: 'champion' })).model_version,
	}
}

const approvals = `policies:
  - name: high-production
    kinds: [rollback, promotion, deployment, canary]
    risk_tiers: [high]
    environments: [production]
    needs: 2
    roles: [approver]
protected:
  - { environments: [production], risk_tiers: [high] }
executors:
  - models: "credit-*"
    mlflow: {}
  - pointer: {}
`

describe.runIf(hasPeers('mlflow'))('a conversation about a drift, with MLflow', () => {
	it('moves the alias and the deployment once, and reads as docs/conversation.md says', async () => {
		const mlflow = await registry()
		const env = { PLUMBLINE_MLFLOW_URL: mlflow.url }
		const talk = await openConversation({ approvals, env, serve: mlflow.serve })
		opened.push(() => talk.close())
		const follower = new FollowerProcess(talk.url, model, peersPython)
		opened.push(() => follower.stop())
		await follower.sees('7')
		const serves = async (version: string) => {
			await follower.sees(version)
			expect(await follower.versionsFor(['loan-1'])).toEqual([version])
		}
		const { request, incident, chapters } = await haveConversation(talk, serves)
		const champion = await mlflow.champion()
		const tags = Object.fromEntries((champion.tags ?? []).map((tag: Json) => [tag.key, tag.value]))
		expect(champion.version).toBe('6')
		expect(tags).toMatchObject({ 'plumbline.request': request, 'plumbline.incident': incident })
		const { execution } = await talk.request(request)
		expect(execution).toMatchObject({ executor: 'mlflow', idempotencyKey: request, attempts: 1, error: null })
		const ledger = await talk.ledger(`request:${request}`)
		expect(ledger).toEqual([
			'create-request',
			'refuse-vote',
			'refuse-vote',
			'vote-request',
			'vote-request',
			'approve-request',
			'start-execution',
			'act-execution',
			'verify-execution',
		])
		const names = Object.fromEntries(
			['ana', 'ben', 'carla', 'dora'].map((name) => [talk.workspace.idOf(name), `U-${name}`]),
		)
		const end = endOf(ledger, execution.steps, champion.version, tags)
		const { page, expected, differing } = await checkTranscript(chapters, end, stableText(names))
		expect(page).toBe(expected)
		expect(differing).toEqual([])
	})
})

const endOf = (ledger: string[], steps: Json[], version: string, tags: Json): string => `## What is left of it

The ledger has an entry for each step, written in the commit of the step (\`GET /v1/audit/entries?object=request:…\`):

\`\`\`
${ledger.join('\n')}
\`\`\`

The execution's own record:

\`\`\`
${steps.map((s) => `${s.step}  ${s.detail}`).join('\n')}
\`\`\`

In MLflow \`champion\` is version ${version}, tagged ${Object.entries(tags)
	.map(([key, value]) => `\`${key}\` = \`${value}\``)
	.sort()
	.join(
		', ',
	)}. A process that follows the deployment (\`docs/clients/follow.py\`) served version 6 from then on;
\`npm run bench -- chat\` measures how soon.
`
