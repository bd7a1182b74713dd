import { unzipSync } from 'fflate'
import { describe, expect } from 'vitest'
import { sha256Hex } from '../../../src/core/bytes.ts'
import { createReport } from '../../../src/evidence/reports/create-report.ts'
import type { ReportTemplate } from '../../../src/evidence/reports/template.ts'
import { isSignedBy, parseCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { parseProof } from '../../../src/ledger/proof-file.ts'
import { decodeEntries } from '../../../src/ledger/tiles.ts'
import { hashBytes, leafHash, MemoryTree, rootFromInclusion } from '../../../src/ledger/tree.ts'
import { actorOf } from '../../support/actors.ts'
import { startOfTest } from '../../support/context.ts'
import { withServer } from '../../support/fixtures.ts'
import { type ReportServer, reportServer } from '../../support/report-server.ts'

/** Reports how many entries the ledger has, so that the machinery is tested alone. */
const template: ReportTemplate = {
	id: 'entries',
	version: '1',
	title: 'Entries of the ledger',
	needs: 'period',
	law: ['ecoa-adverse-action'],
	build: async (_context, _actor, { model }, cut) => ({
		model: { model: String(model), version: '7', artifactSha256: null },
		rows: { included: cut.size, excluded: [{ reason: 'none', rows: 0 }] },
		sections: [
			{
				id: 'all',
				title: 'All entries',
				status: 'complete',
				text: 'All of them.',
				tables: [{ id: 'sizes', title: 'Sizes', columns: ['size'], rows: [[cut.size]] }],
			},
		],
		data: [{ path: 'sizes.json', content: `[${cut.size}]` }],
	}),
}

const test = withServer(reportServer)
const period = { from: startOfTest - 1000, to: startOfTest }
const author = { owner: 'ana@bank.example' }

/** What a key of the author makes. */
const make = async (server: ReportServer, more: object = {}, by: object = {}) =>
	createReport(
		server.context,
		actorOf('analyst', { id: 'key:author', ...author, ...by }),
		{ template: 'entries', model: 'credit', period, ...more },
		[template],
	)

/** Somebody else asks for something: the next report has another cut. */
let moments = 0
async function another(server: ReportServer) {
	server.clock.advance(1)
	await server.post('/v1/models', { model: `other-${++moments}`, task: 'binary' })
	return (await make(server)).report
}

async function filesOf(server: ReportServer, id: string, key = server.adminKey) {
	const response = await fetch(`${server.url}/v1/reports/${id}.zip`, {
		headers: { authorization: `Bearer ${key}` },
	})
	expect(response.status).toBe(200)
	const zip = new Uint8Array(await response.arrayBuffer())
	return { zip, files: unzipSync(zip) }
}
const textOf = (files: Record<string, Uint8Array>, path: string) => new TextDecoder().decode(files[path])

describe('a report', () => {
	test('is stored as a draft in each form, and asks for its approval', async ({ server }) => {
		const { report, isNew } = await make(server)
		expect(isNew).toBe(true)
		expect((await server.fetch(`/v1/reports/${report.id}`)).body).toEqual(report)
		expect(report).toMatchObject({ status: 'draft', author: 'ana@bank.example', approvers: [] })
		const { body, text } = await server.fetch(`/v1/reports/${report.id}.json`)
		expect(report.digests.json).toBe(`sha256:${await sha256Hex(text)}`)
		expect(body).toEqual({
			template: 'entries',
			templateVersion: '1',
			status: 'draft',
			legalBasis: [
				{
					rule: 'ECOA, Regulation B',
					article: '12 CFR 1002.9',
					inForceFrom: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
					source: expect.stringMatching(/^https:/),
					confirm: false,
				},
			],
			subject: { model: 'credit' },
			period: { from: '2026-03-01T23:59:59.000Z', to: '2026-03-02T00:00:00.000Z' },
			model: { model: 'credit', version: '7', artifactSha256: null },
			cut: report.cut,
			author: 'ana@bank.example',
			approvers: [],
			rows: { included: report.cut.size, excluded: [{ reason: 'none', rows: 0 }] },
			sections: [
				{
					id: 'all',
					title: 'All entries',
					status: 'complete',
					text: 'All of them.',
					tables: [{ id: 'sizes', columns: ['size'], rows: [[report.cut.size]] }],
				},
			],
		})
		expect((await server.fetch(`/v1/reports/${report.id}.html`)).text).toContain('All of them.')
		expect((await server.fetch(`/v1/reports/${report.id}.csv`)).text).toContain(String(report.cut.size))
		expect((await server.fetch(`/v1/reports/${report.id}.pdf`)).status).toBe(404)
		const request = await server.read(report.request as string)
		expect(request).toMatchObject({
			kind: 'report',
			status: 'pending',
			needs: 2,
			action: {
				to: report.id,
				template: 'entries',
				period: '2026-03-01T23:59:59.000Z to 2026-03-02T00:00:00.000Z',
				report: report.manifest,
			},
		})
		expect(await server.ledger(`report:${report.id}`)).toEqual(['create-report'])
	})

	test('is the stored one when the same is asked for again, also once its checkpoint is gone', async ({
		server,
	}) => {
		const first = await another(server)
		const again = await make(server)
		expect([again.isNew, again.report.id]).toEqual([false, first.id])
		const cut = { size: first.cut.size }
		await server.context.sql.batch([
			{ sql: 'DELETE FROM ledger_checkpoint WHERE size = ?', params: [cut.size] },
		])
		expect((await make(server, { cut })).report.id).toBe(first.id)
	})

	test('of another author is another one with other bytes', async ({ server }) => {
		const first = await another(server)
		const { report } = await make(server, { cut: { size: first.cut.size } }, { owner: 'ben@bank.example' })
		expect(report.id).not.toBe(first.id)
		expect(report.digests.json).not.toBe(first.digests.json)
	})

	test('is listed by model, template and status, a page at a time', async ({ server }) => {
		const first = await another(server)
		const second = await another(server)
		const list = async (query: string) => (await server.fetch(`/v1/reports?${query}`)).body
		const page = await list('model=credit&template=entries&status=draft&limit=1')
		expect(page.items.map((r: { id: string }) => r.id)).toEqual([second.id])
		const next = await list(`model=credit&limit=1&cursor=${page.next}`)
		expect(next.items.map((r: { id: string }) => r.id)).toEqual([first.id])
		expect((await list('template=other')).items).toEqual([])
		const outside = await server.keyOf('auditor', undefined, { models: ['other-*'] })
		expect((await server.fetch('/v1/reports', { key: outside })).body.items).toEqual([])
		expect((await server.fetch(`/v1/reports/${first.id}`, { key: outside })).status).toBe(404)
	})
})

describe('what is wrong with the report that is asked for is said:', () => {
	const fault = (path: string, message: string) => ({
		status: 422,
		body: { errors: [{ path, message: expect.stringContaining(message) }] },
	})
	const ask = (server: ReportServer, json: object) =>
		server.post('/v1/reports', { template: 'model-monitoring', model: 'credit', ...json })
	const lately = { from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z' }

	test('a template, a member or a period that cannot be', async ({ server }) => {
		expect(await ask(server, { template: 'model-monitorin' })).toMatchObject(
			fault('template', 'Did you mean "model-monitoring"?'),
		)
		expect(await ask(server, { priod: lately })).toMatchObject({ status: 422 })
		expect(await ask(server, {})).toMatchObject(fault('period', 'give `model` and `period`'))
		expect(await ask(server, { period: lately, predictionId: 'p' })).toMatchObject(
			fault('predictionId', 'leave `predictionId` out'),
		)
		expect(await ask(server, { period: { from: lately.to, to: lately.from } })).toMatchObject(
			fault('period.to', 'later than `from`'),
		)
		expect(await ask(server, { period: { ...lately, to: '2026-04-01T00:00:00Z' } })).toMatchObject(
			fault('period.to', 'in the future'),
		)
	})

	test('a model, a decision or an incident that is not there', async ({ server }) => {
		const asked = { period: lately }
		expect(await ask(server, { ...asked, model: 'credti' })).toMatchObject({
			status: 404,
			body: { detail: expect.stringContaining('Did you mean "credit"?') },
		})
		const decision = { template: 'adverse-action', predictionId: 'none' }
		expect(await ask(server, decision)).toMatchObject({ status: 404 })
	})

	test('a cut that is beyond the ledger, or no checkpoint', async ({ server }) => {
		const { cut } = await another(server)
		const at = (size: number) => ask(server, { period: lately, cut: { size } })
		expect(await at(1e6)).toMatchObject(fault('cut.size', 'the ledger has'))
		expect(await at(cut.size - 1)).toMatchObject(fault('cut.size', `${cut.size}.`))
		expect(await at(0)).toMatchObject({ status: 422 })
	})

	test('a role or a scope that may not', async ({ server }) => {
		const by = async (role: string, more: object = {}) =>
			(
				await server.post(
					'/v1/reports',
					{ template: 'x', model: 'credit' },
					{ key: await server.keyOf(role, undefined, more) },
				)
			).status
		expect(await by('viewer')).toBe(403)
		expect(await by('ingest')).toBe(403)
		expect(await by('analyst', { models: ['other'] })).toBe(403)
		expect(await by('auditor')).toBe(422)
	})
})

describe('the sign-off', () => {
	const askAgain = (server: ReportServer, to: string) =>
		server.post(
			'/v1/requests',
			{ kind: 'report', model: 'credit', to, reason: 'once more' },
			{ key: server.keys.rita },
		)

	test('takes two people other than the author; then the report is approved and signed', async ({
		server,
	}) => {
		const draft = await another(server)
		const request = await server.read(draft.request as string)
		const own = await server.vote(request, await server.keyOf('approver', author.owner))
		expect([own.status, own.body.code]).toEqual([403, 'own-request'])
		await server.vote(request, server.keys.ben)
		expect((await server.fetch(`/v1/reports/${draft.id}`)).body.status).toBe('draft')
		await server.vote(request, server.keys.rita)
		await expect.poll(async () => (await server.read(request.id)).status).toBe('verified')
		const { body: report } = await server.fetch(`/v1/reports/${draft.id}`)
		expect(report).toMatchObject({
			status: 'approved',
			approvers: ['ben@bank.example', 'rita@bank.example'],
			requestStatus: 'verified',
		})
		const { body } = await server.fetch(`/v1/reports/${draft.id}.json`)
		expect(body).toMatchObject({ status: 'approved', approvers: report.approvers, cut: draft.cut })
		expect(await server.ledger(`report:${draft.id}`)).toEqual(['create-report', 'sign-report'])
		const again = await askAgain(server, draft.id)
		expect(again).toMatchObject({
			status: 422,
			body: { detail: expect.stringContaining('already approved') },
		})
	})

	test('that is rejected leaves a draft, for which another request can be made', async ({ server }) => {
		const draft = await another(server)
		const request = await server.read(draft.request as string)
		await server.vote(request, server.keys.ben, { vote: 'reject' })
		const { body } = await server.fetch(`/v1/reports/${draft.id}`)
		expect(body).toMatchObject({ status: 'draft', requestStatus: 'rejected' })
		const next = await askAgain(server, draft.id)
		expect(next).toMatchObject({ status: 201, body: { action: { report: draft.manifest } } })
		expect((await server.fetch(`/v1/reports/${draft.id}`)).body.request).toBe(next.body.id)
		// Whoever asks: the author does not approve.
		const own = await server.vote(next.body, await server.keyOf('approver', author.owner))
		expect(own.body.code).toBe('own-request')
	})
})

describe('the bundle', () => {
	test('has the files of its manifest, whose digest is in the signed ledger that it has too', async ({
		server,
	}) => {
		const draft = await another(server)
		const { zip, files } = await filesOf(server, draft.id)
		expect((await filesOf(server, draft.id)).zip).toEqual(zip)
		const manifest = JSON.parse(textOf(files, 'manifest.json')).files as { path: string; sha256: string }[]
		expect(manifest.map(({ path }) => path)).toEqual(
			['VERIFY.md', 'data/sizes.json', 'law.yaml', 'report.csv', 'report.html', 'report.json'].sort(),
		)
		for (const { path, sha256 } of manifest) expect(await sha256Hex(files[path] as Uint8Array)).toBe(sha256)
		expect(textOf(files, 'VERIFY.md')).toContain('DRAFT')
		expect(textOf(files, 'law.yaml')).toContain('12 CFR 1002.9')

		const note = parseCheckpoint(textOf(files, 'checkpoint'))
		if (!note || !server.context.ledgerKey) throw new Error('no checkpoint')
		expect(await isSignedBy(note, server.context.ledgerKey.verifier)).toBe(true)
		const entry = textOf(files, 'proofs/report.entry')
		expect(JSON.parse(entry)).toMatchObject({
			action: 'create-report',
			object: `report:${draft.id}`,
			after: `sha256:${await sha256Hex(files['manifest.json'] as Uint8Array)}`,
		})
		const proof = parseProof(textOf(files, 'proofs/report.tlog-proof'))
		if (!proof) throw new Error('no proof')
		const { size, root } = note.checkpoint
		expect(rootFromInclusion(leafHash(entry), proof.index, size, proof.hashes)).toEqual(root)
		const entries = decodeEntries(files[`tile/entries/000.p/${size}`] as Uint8Array) ?? []
		const leaves = new Uint8Array(size * hashBytes)
		for (const [i, each] of entries.entries()) leaves.set(leafHash(each), i * hashBytes)
		expect(files[`tile/0/000.p/${size}`]).toEqual(leaves)
		expect(await new MemoryTree(leaves).root()).toEqual(root)
	})

	test('leaves the entries of other models out for a narrower scope', async ({ server }) => {
		const draft = await another(server)
		const { files } = await filesOf(
			server,
			draft.id,
			await server.keyOf('auditor', undefined, { models: ['credit'] }),
		)
		expect(Object.keys(files).filter((path) => path.startsWith('tile/'))).toEqual([])
		expect(parseProof(textOf(files, 'proofs/report.tlog-proof'))).toBeDefined()
	})
})

describe('a report about a decision', () => {
	const aboutDecision: ReportTemplate = {
		...template,
		id: 'decision',
		needs: 'decision',
		build: async () => ({ model: null, rows: { included: 1, excluded: [] }, sections: [], data: [] }),
	}
	const makeOf = async (server: ReportServer, predictionId: string) => {
		const ana = actorOf('analyst', { id: 'key:author', ...author })
		const input = { template: 'decision', model: 'credit', predictionId }
		return (await createReport(server.context, ana, input, [aboutDecision])).report
	}

	test('records who reads it, and names nobody in the ledger or to approvers', async ({ server }) => {
		const report = await makeOf(server, 'p1')
		expect(report).toMatchObject({ predictionId: 'p1', subject: null })
		await server.fetch(`/v1/reports/${report.id}.html`, { key: server.keys.author })
		await filesOf(server, report.id)
		expect(await server.ledger(`report:${report.id}`)).toEqual([
			'create-report',
			'read-report',
			'read-report',
		])
		const request = await server.read(report.request as string)
		expect(JSON.stringify(request)).not.toMatch(/"p1"|"s1"/)
		const { files } = await filesOf(server, report.id)
		expect(textOf(files, 'salt')).toMatch(/^[0-9a-f]{64}$/)
	})

	test('is gone with the person, and says so', async ({ server }) => {
		const report = await makeOf(server, 'p2')
		const erased = await server.post('/v1/subjects/s2/erase', { reason: 'asked for it' })
		expect(erased.status).toBe(200)
		for (const form of ['json', 'html', 'csv', 'zip'])
			expect((await server.fetch(`/v1/reports/${report.id}.${form}`)).status).toBe(410)
		const { body } = await server.fetch(`/v1/reports/${report.id}`)
		expect(body).toMatchObject({ predictionId: null, erasedAt: expect.any(String) })
		const files = await server.context.sql.all({
			sql: 'SELECT path FROM report_file WHERE report = ?',
			params: [report.id],
		})
		expect(files).toEqual([])
		expect((await server.vote(await server.read(report.request as string), server.keys.ben)).status).toBe(409)
	})
})
