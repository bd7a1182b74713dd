import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export type Started = {
	/** The first match in what it printed. */
	match: string
	/** All that it printed so far, both streams. */
	output(): string
	child: ChildProcess
	/** Asks the whole process group to end, and makes sure that it does. */
	stop(signal?: NodeJS.Signals): Promise<number | null>
}

const patienceMs = 15_000

/** Starts a program as a process group of its own and waits until it prints `ready`. */
export function startProcess(
	command: string,
	args: readonly string[],
	options: { cwd: string; env?: NodeJS.ProcessEnv; ready: RegExp; timeoutMs?: number },
): Promise<Started> {
	const { cwd, env = process.env, ready, timeoutMs = 60_000 } = options
	const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
	let text = ''
	const signalGroup = (signal: NodeJS.Signals) => {
		try {
			process.kill(-(child.pid as number), signal)
		} catch {
			// It has ended.
		}
	}
	const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
		if (child.exitCode === null && child.signalCode === null) {
			const exited = once(child, 'exit')
			signalGroup(signal)
			const cut = setTimeout(() => signalGroup('SIGKILL'), patienceMs)
			await exited
			clearTimeout(cut)
		}
		// What the program started itself must not outlive it.
		signalGroup('SIGKILL')
		return child.exitCode
	}
	return new Promise((resolve, reject) => {
		const give = async (why: string) => {
			await stop('SIGKILL')
			reject(new Error(`${command} ${args.join(' ')} ${why}:\n${text.slice(-4000)}`))
		}
		const late = setTimeout(() => void give('was not ready in time'), timeoutMs)
		const onText = (chunk: Buffer) => {
			text += chunk
			const found = ready.exec(text)
			if (!found) return
			clearTimeout(late)
			resolve({ match: found[1] ?? found[0], output: () => text, child, stop })
		}
		child.stdout?.on('data', onText)
		child.stderr?.on('data', onText)
		child.once('error', (error) => void give(error.message))
		child.once('exit', (code) => {
			clearTimeout(late)
			void give(`ended with ${code}`)
		})
	})
}

/** Runs a program to its end. */
export async function runProcess(
	command: string,
	args: readonly string[],
	options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<{ code: number | null; out: string; err: string }> {
	const child = spawn(command, args, {
		cwd: options.cwd,
		env: options.env ?? process.env,
		stdio: ['ignore', 'pipe', 'pipe'],
	})
	let out = ''
	let err = ''
	child.stdout.on('data', (chunk) => {
		out += chunk
	})
	child.stderr.on('data', (chunk) => {
		err += chunk
	})
	const [code] = await once(child, 'close')
	return { code, out, err }
}
