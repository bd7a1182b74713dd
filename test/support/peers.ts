import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
const path =
	process.env.PLUMBLINE_PEERS_PYTHON ?? fileURLToPath(new URL('node_modules/.cache/peers/bin/python', root))
const absence = `There is no ${path}: nothing is compared with the real XGBoost, LightGBM and shap. Make it with .ci/peers, or name a Python that has them in PLUMBLINE_PEERS_PYTHON.\n`

let said = false

/** Python with the real libraries: named by the environment, or made by `.ci/peers`. Where there is none, says so once. */
export function peersPython(): string | undefined {
	if (existsSync(path)) return path
	if (!said) process.stdout.write(absence)
	said = true
	return undefined
}

/** In CI a missing peer is a failure; elsewhere it is said, and the other tests are run. */
export const runsPeers = peersPython() !== undefined || Boolean(process.env.CI)

/** Runs a script of the repository (its path from the root) with the peers' Python, on one thread; answers its output. */
export function runPeers(script: string, args: readonly string[]): string {
	const python = peersPython()
	if (python === undefined) throw new Error(absence)
	return execFileSync(python, ['-W', 'ignore', fileURLToPath(new URL(script, root)), ...args], {
		env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
		encoding: 'utf8',
		maxBuffer: 2 ** 30,
		stdio: ['ignore', 'pipe', 'pipe'],
	})
}
