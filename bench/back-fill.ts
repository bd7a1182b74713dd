import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import { DemoClient } from '../src/demo/client.ts'
import { postHistory } from '../src/demo/history.ts'
import { jobs, runAll } from '../src/jobs/index.ts'
import { startServer } from '../src/node.ts'
import type { Measurement } from './table.ts'

const maxSeconds = 20

type Spent = { wall: number; cpu: number }

/** Seconds of wall time, and of CPU time on all cores. */
async function measure(work: () => Promise<unknown>): Promise<Spent> {
	const [began, before] = [performance.now(), process.cpuUsage()]
	await work()
	const { user, system } = process.cpuUsage(before)
	return { wall: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 }
}

/** Measures a first import: sixty days of two models over HTTP, as the demo posts them, then each job in order. */
export async function benchBackFill(): Promise<Measurement[]> {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'))
	const key = `bench-${randomBytes(12).toString('hex')}`
	const config = readConfig({
		PLUMBLINE_DATABASE_URL: `file:${join(folder, 'bench.db')}`,
		PLUMBLINE_ADMIN_KEY: key,
		PLUMBLINE_PORT: '0',
	})
	const server = await startServer(config, { logger: { info() {}, warn() {}, error: console.error } })
	try {
		const { context } = server
		const client = new DemoClient(server.url, key, context.fetch)
		const stages: [string, Spent][] = []
		const add = async (name: string, work: () => Promise<unknown>) => stages.push([name, await measure(work)])
		await add('posted over HTTP', () => postHistory(client, context.now()))
		for (const job of jobs) await add(`job ${job.id}`, () => runAll(context, 'bench', [job]))
		const total = (of: keyof Spent) => stages.reduce((sum, [, spent]) => sum + spent[of], 0)
		const wall = total('wall')
		return [
			{
				name: 'two models, 60 days',
				value: wall,
				unit: 's',
				target: `<= ${maxSeconds}`,
				ok: wall <= maxSeconds,
			},
			{ name: 'the same, CPU', value: total('cpu'), unit: 's' },
			...stages
				.filter(([, spent]) => spent.cpu >= 0.1)
				.map(([name, { cpu }]) => ({ name: `of which ${name}, CPU`, value: cpu, unit: 's' })),
		]
	} finally {
		await server.close()
		await rm(folder, { recursive: true, force: true })
	}
}
