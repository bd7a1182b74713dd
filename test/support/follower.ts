import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { processKey, serveProcess } from './process.ts'

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const drivers = {
	typescript: new URL('../docs/follow-driver.ts', import.meta.url),
	python: new URL('../docs/follow-driver.py', import.meta.url),
}
type Seen = { champion: string; canary: { percent: number } | null }

/** A process that follows with a client of docs/clients, as test/docs/follow-driver says. */
export class FollowerProcess {
	/** All deployments that it saw, in order. */
	readonly seen: Seen[] = []
	private readonly child: ChildProcess
	private readonly waiting: ((version: string) => void)[] = []
	log = ''

	/** `program`: a Python; absent: the TypeScript client. */
	constructor(url: string, model: string, program?: string) {
		const driver = fileURLToPath(program === undefined ? drivers.typescript : drivers.python)
		this.child = spawn(program ?? process.execPath, [driver, model], {
			env: {
				...process.env,
				PLUMBLINE_URL: url,
				PLUMBLINE_KEY: processKey,
				PYTHONPATH: pathOf('docs/clients'),
				PYTHONDONTWRITEBYTECODE: '1',
			},
			stdio: ['pipe', 'pipe', 'pipe'],
		})
		this.child.stderr?.on('data', (text) => {
			this.log += text
		})
		createInterface(this.child.stdout as NodeJS.ReadableStream).on('line', (line) => {
			const { sees, version } = JSON.parse(line) as { sees?: Seen; version?: string }
			if (sees) this.seen.push(sees)
			else this.waiting.shift()?.(version as string)
		})
	}

	/** Resolves when the last deployment that it saw is this one. */
	async sees(champion: string, percent?: number): Promise<void> {
		const wanted = { champion, canary: percent === undefined ? null : expect.objectContaining({ percent }) }
		await expect.poll(() => this.seen.at(-1), { message: this.log }).toMatchObject(wanted)
	}

	versionsFor(ids: readonly string[]): Promise<string[]> {
		const versions = ids.map(() => new Promise<string>((resolve) => this.waiting.push(resolve)))
		this.child.stdin?.write(ids.map((id) => `${id}\n`).join(''))
		return Promise.all(versions)
	}

	async stop(): Promise<void> {
		const ended = new Promise((resolve) => this.child.once('exit', resolve))
		this.child.kill('SIGKILL')
		await ended
	}
}

const ids = Array.from({ length: 4000 }, (_, i) => `request-${i}`)
const share = (versions: readonly string[], version: string) =>
	versions.filter((v) => v === version).length / versions.length

/** What the example in one language of docs/follow-deployments.md prints for a model that serves version 1. */
export function exampleOutput(
	url: string,
	language: 'python' | 'ts',
	program: readonly string[],
	end = '',
): string {
	const page = readFileSync(pathOf('docs/follow-deployments.md'), 'utf8')
	const [, example = ''] = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'm').exec(page) ?? []
	const code = example.replace('credit-risk', 'followed') + end
	const env = { ...process.env, PLUMBLINE_URL: url, PLUMBLINE_KEY: processKey, PYTHONDONTWRITEBYTECODE: '1' }
	const [command = '', ...args] = program
	return execFileSync(command, [...args, code], { cwd: pathOf('docs/clients'), env, encoding: 'utf8' })
}

/** A server process that can crash and come back at the same address, with a model that has three versions. */
export async function followedServer(folder: string) {
	const file = join(folder, 'plumbline.db')
	let server = await serveProcess(file)
	const { url } = server
	const call = async (method: string, path: string, body: unknown) => {
		const response = await fetch(`${url}/v1/models${path}`, {
			method,
			headers: { authorization: `Bearer ${processKey}`, 'content-type': 'application/json' },
			body: JSON.stringify(body),
		})
		expect(response.status, await response.text()).toBeLessThan(300)
	}
	await call('POST', '', { model: 'followed', task: 'binary' })
	for (const version of ['1', '2', '3']) await call('POST', '/followed/versions', { version, features: [] })
	return {
		url,
		put: (champion: string, canary?: { version: string; percent: number }) =>
			call('PUT', '/followed/deployments/production', { champion, ...(canary ? { canary } : {}) }),
		kill: () => server.kill('SIGKILL'),
		start: async () => {
			server = await serveProcess(file, { PLUMBLINE_PORT: new URL(url).port })
		},
		stop: () => server.kill('SIGTERM'),
	}
}

export type FollowedServer = Awaited<ReturnType<typeof followedServer>>

/**
 * What a reference follower does, whatever its language: from before the first deployment, over a crash of the server, to
 * the versions of requests. Returns those for a canary of 40 percent.
 */
export async function followThrough(server: FollowedServer, program?: string): Promise<string[]> {
	const follower = new FollowerProcess(server.url, 'followed', program)
	try {
		await server.put('1')
		await follower.sees('1')
		await server.put('2')
		await follower.sees('2')
		expect(new Set(await follower.versionsFor(ids))).toEqual(new Set(['2']))
		await server.kill()
		await expect.poll(() => follower.log).toMatch(/still serving/)
		expect(await follower.versionsFor(['a'])).toEqual(['2'])
		await server.start()
		await server.put('2', { version: '3', percent: 10 })
		await follower.sees('2', 10)
		const tenth = await follower.versionsFor(ids)
		await server.put('2', { version: '3', percent: 40 })
		await follower.sees('2', 40)
		const more = await follower.versionsFor(ids)
		expect(Math.abs(share(tenth, '3') - 0.1)).toBeLessThan(0.03)
		expect(Math.abs(share(more, '3') - 0.4)).toBeLessThan(0.05)
		expect(ids.filter((_, i) => tenth[i] === '3' && more[i] !== '3')).toEqual([])
		await server.put('1')
		await follower.sees('1')
		expect(follower.seen.map(({ champion, canary }) => [champion, canary?.percent])).toEqual([
			...[
				['1', undefined],
				['2', undefined],
				['2', 10],
				['2', 40],
				['1', undefined],
			],
		])
		return more
	} finally {
		await follower.stop()
	}
}
