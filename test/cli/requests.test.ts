import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type ApprovalServer, approvalServer } from '../support/approvals.ts'
import { commandLine } from '../support/command-line.ts'
import { withServerPerTest } from '../support/fixtures.ts'

const it = withServerPerTest(() => approvalServer())

let folder: string
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-requests-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const as = (server: ApprovalServer, key: string) => (args: string[]) =>
	commandLine(args, { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: key })

describe('plumbline requests', () => {
	it('shows the action, the plan, the reason and the digest of what waits', async ({ server }) => {
		const { body: request } = await server.ask()
		const run = as(server, server.keys.ana)
		const { code, out } = await run(['requests', '--status', 'pending'])
		expect(code).toBe(0)
		for (const text of [
			`${request.id}  pending, 0 of 2 approvals`,
			'action    roll back credit in production from 7 to 6',
			'plan      pointer: set the deployment of credit in production from 7 to 6',
			'why       rows went wrong',
			`digest    ${request.actionDigest}`,
		])
			expect(out).toContain(text)
		const { items } = JSON.parse((await run(['requests', '--json'])).out)
		expect(items).toEqual([await server.read(request.id)])
		expect(JSON.parse((await run(['requests', request.id, '--json'])).out).id).toBe(request.id)
		expect((await run(['requests', '--status', 'rejected'])).out).toBe('There are no such requests.\n')
		expect((await run(['requests', '--status', 'open'])).code).toBe(2)
	})
})

describe('plumbline approve and reject', () => {
	it('vote as the person of the key', async ({ server }) => {
		const { body: request } = await server.ask()
		const words = [request.id, '--digest', request.actionDigest, '--reason', 'seen']
		const first = await as(server, server.keys.ana)(['approve', ...words])
		expect(first).toMatchObject({ code: 0, out: `${request.id} is pending with 1 of 2 approvals.\n` })
		expect((await as(server, server.keys.ana)(['approve', ...words])).out).toContain(
			'You have voted so before.',
		)
		const last = await as(server, server.keys.ben)(['approve', ...words, '--json'])
		expect(JSON.parse(last.out).votes).toHaveLength(2)
	})

	it('reject ends a request', async ({ server }) => {
		const { body: request } = await server.ask()
		const words = [request.id, '--digest', request.actionDigest, '--reason', 'no']
		expect((await as(server, server.keys.ana)(['reject', ...words])).out).toContain('is rejected')
	})

	it('say why a vote is refused, and what the action is', async ({ server }) => {
		const { body: request } = await server.ask()
		const run = as(server, server.keys.requester)
		const own = await run(['approve', request.id, '--digest', request.actionDigest, '--reason', 'mine'])
		expect([own.code, own.err]).toEqual([2, expect.stringContaining('(own-request)')])
		const blind = await as(server, server.keys.ana)(['approve', request.id, '--reason', 'x'])
		expect([blind.code, blind.err]).toEqual([2, expect.stringContaining(`digest    ${request.actionDigest}`)])
		const wrong = ['approve', request.id, '--digest', 'sha256:0', '--reason', 'x']
		const other = await as(server, server.keys.ana)(wrong)
		expect([other.code, other.err]).toEqual([
			2,
			expect.stringMatching(/digest +sha256[\s\S]*\(digest-changed\)/),
		])
		expect((await run(['approve', 'req_none', '--digest', 'sha256:0', '--reason', 'x'])).err).toContain(
			'no request',
		)
		expect((await run(['approve', request.id, '--digest', 'x'])).err).toContain('--reason is required')
	})
})

describe('plumbline models apply', () => {
	it('requests what a protected environment does not take directly', async ({ server }) => {
		const file = join(folder, 'models.yaml')
		await writeFile(
			file,
			'models:\n  - model: credit\n    task: binary\n    riskTier: low\n    owner: risk\n    deployments:\n      production: { champion: "8" }\n      staging: { champion: "8" }\n',
		)
		const run = as(server, server.adminKey)
		const { code, out, err } = await run(['models', 'apply', file])
		expect(err).toContain('2 changes wait for approval')
		expect(code).toBe(1)
		expect(out).toMatch(/^requested +risk tier of credit: req_/m)
		expect(out).toMatch(/^requested +credit in production: req_/m)
		expect(out).toMatch(/^created +credit in staging$/m)
		const { changes } = JSON.parse((await run(['models', 'apply', file, '--json'])).out)
		expect(changes.filter((c: { result: string }) => c.result === 'requested')).toHaveLength(2)
		expect((await server.fetch('/v1/models/credit')).body).toMatchObject({ riskTier: 'high', owner: 'risk' })
	})
})
