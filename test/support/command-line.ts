import { main } from '../../src/cli/main.ts'
import { readConfig, unknownSettings } from '../../src/config.ts'

/** Runs a command line in this process, which is quicker than a process of its own. */
export async function commandLine(args: readonly string[], environment: Record<string, string> = {}) {
	let [out, err] = ['', '']
	const terminal = {
		config: readConfig(environment),
		warnings: unknownSettings(environment),
		now: Date.now,
		out: (text: string) => {
			out += text
		},
		err: (text: string) => {
			err += text
		},
		isScreen: false,
		stopped: new Promise<void>(() => {}),
	}
	const { write } = process.stderr
	process.stderr.write = (text: string | Uint8Array) => {
		err += text
		return true
	}
	try {
		return { code: await main(args, () => terminal, 'test'), out, err }
	} finally {
		process.stderr.write = write
	}
}
