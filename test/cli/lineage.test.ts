import { afterAll, beforeAll, expect, it } from 'vitest'
import { plumbline } from '../support/process.ts'
import { adminKey } from '../support/server.ts'
import { commitOf, dataset, tracedServer } from '../support/traced-model.ts'

let server: Awaited<ReturnType<typeof tracedServer>>
const run = (...args: string[]) =>
	plumbline(['lineage', ...args], { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: adminKey })

beforeAll(async () => {
	server = await tracedServer()
})
afterAll(() => server.close())

it('prints where a decision comes from, a sentence a line', async () => {
	const { code, out } = await run('prediction:credit/p1')
	const lines = out.split('\n')
	expect([code, lines[0]]).toEqual([
		0,
		'Prediction p1 was made at 2026-03-02T01:01:00.000Z by version 7 of credit in production.',
	])
	expect(out).toContain(`It was trained on ${dataset}.`)
	expect(out).toContain('the champion then: revision 1 of production')
})

it('prints what data went into, and the graph for machines', async () => {
	expect((await run(`dataset:${dataset}`)).out).toContain('credit@7 made 4 decisions in production')
	const { code, out } = await run('commit:9999', '--direction', 'back', '--depth', '1', '--json')
	const graph = JSON.parse(out)
	expect([code, graph.from, graph.direction]).toEqual([0, `commit:${commitOf('9')}`, 'back'])
	expect(graph.nodes.map((n: { kind: string }) => n.kind).sort()).toEqual(['commit', 'run'])
})

it('says how a page goes on', async () => {
	const { out, err } = await run(`dataset:${dataset}`, '--limit', '1')
	expect(out).toContain('1 version came from')
	const cursor = /--cursor (\S+)/.exec(err)?.[1] as string
	expect((await run(`dataset:${dataset}`, '--cursor', cursor)).out).toContain('credit@8')
})

it('ends with 2 and what to do for what is not known or was written wrongly', async () => {
	const unknown = await run('run:mlflow:4f2c')
	expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('Did you mean "mlflow:4f1c"?')])
	expect((await run('credit')).err).toContain('prediction:<model>/<id>')
	expect((await run()).err).toContain('plumbline lineage --help')
})
