import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const processKey = 'process-test-admin-key'

export type Serving = { url: string; child: ChildProcess; kill(signal: NodeJS.Signals): Promise<void> }

/** A real server process on a free port. Rejects with what it wrote when it ends before it listens. */
export function serveProcess(
	databaseFile: string,
	env: Record<string, string> = {},
	command: string[] = [process.execPath],
): Promise<Serving> {
	const [program = '', ...args] = [...command, 'src/cli.ts', 'serve', '--json']
	const child = spawn(program, args, {
		cwd: root,
		env: {
			...process.env,
			PLUMBLINE_DATABASE_URL: `file:${databaseFile}`,
			PLUMBLINE_PORT: '0',
			PLUMBLINE_ADMIN_KEY: processKey,
			PLUMBLINE_LOG_LEVEL: 'error',
			...env,
		},
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
	const kill = async (signal: NodeJS.Signals) => {
		child.kill(signal)
		await ended
	}
	return new Promise((resolve, reject) => {
		let out = ''
		let err = ''
		child.stdout?.on('data', (chunk) => {
			out += chunk
			const url = /"url":"([^"]+)"/.exec(out)?.[1]
			if (url) resolve({ url, child, kill })
		})
		child.stderr?.on('data', (chunk) => {
			err += chunk
		})
		void ended.then(() => reject(new Error(`the server ended with ${child.exitCode}: ${err}`)))
	})
}

export type CliResult = { code: number; out: string; err: string }

/** Runs the real command line; `input` is its standard input. */
export function plumbline(
	args: string[],
	env: Record<string, string> = {},
	cwd = root,
	input = '',
): Promise<CliResult> {
	return new Promise((resolve) => {
		const child = execFile(
			process.execPath,
			[`${root}src/cli.ts`, ...args],
			{ cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 2 ** 20 },
			(error, out, err) =>
				resolve({ code: error ? Number((error as { code?: number }).code ?? -1) : 0, out, err }),
		)
		child.stdin?.end(input)
	})
}
