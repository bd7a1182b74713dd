import { expect } from 'vitest'
import { type ServerOf, withServer } from '../support/fixtures.ts'
import { plumbline } from '../support/process.ts'
import { adminKey } from '../support/server.ts'
import { commitOf, dataset, tracedServer } from '../support/traced-model.ts'

const it = withServer(tracedServer)
type Server = ServerOf<typeof tracedServer>
const run = (server: Server, ...args: string[]) =>
	plumbline(['lineage', ...args], { PLUMBLINE_URL: server.url, PLUMBLINE_KEY: adminKey })

it('prints where a decision comes from, a sentence a line', async ({ server }) => {
	const { code, out } = await run(server, 'prediction:credit/p1')
	const lines = out.split('\n')
	expect([code, lines[0]]).toEqual([
		0,
		'Prediction p1 was made at 2026-03-02T01:01:00.000Z by version 7 of credit in production.',
	])
	expect(out).toContain(`It was trained on ${dataset}.`)
	expect(out).toContain('the champion then: revision 1 of production')
})

it('prints what data went into, and the graph for machines', async ({ server }) => {
	expect((await run(server, `dataset:${dataset}`)).out).toContain('credit@7 made 4 decisions in production')
	const { code, out } = await run(server, 'commit:9999', '--direction', 'back', '--depth', '1', '--json')
	const graph = JSON.parse(out)
	expect([code, graph.from, graph.direction]).toEqual([0, `commit:${commitOf('9')}`, 'back'])
	expect(graph.nodes.map((n: { kind: string }) => n.kind).sort()).toEqual(['commit', 'run'])
})

it('says how to get the next page', async ({ server }) => {
	const { out, err } = await run(server, `dataset:${dataset}`, '--limit', '1')
	expect(out).toContain('1 version came from')
	const cursor = /--cursor (\S+)/.exec(err)?.[1] as string
	expect((await run(server, `dataset:${dataset}`, '--cursor', cursor)).out).toContain('credit@8')
})

it('ends with 2 and a hint for what is unknown or misspelt', async ({ server }) => {
	const unknown = await run(server, 'run:mlflow:4f2c')
	expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('Did you mean "mlflow:4f1c"?')])
	expect((await run(server, 'credit')).err).toContain('prediction:<model>/<id>')
	expect((await run(server)).err).toContain('plumbline lineage --help')
})
