import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
const installed = fileURLToPath(new URL('node_modules/.cache/peers/bin/python', root))

/** Python with the libraries whose answers ours are compared with: named by the environment, or made by `.ci/peers`. */
const python = process.env.PLUMBLINE_PEERS_PYTHON ?? installed

export const hasPeers = existsSync(python)

/** In CI a missing peer is a failure; elsewhere it is said, and the other tests are run. */
export const runsPeers = hasPeers || Boolean(process.env.CI)

if (!hasPeers)
	process.stdout.write(
		`There is no ${python}: comparisons with the real XGBoost, LightGBM and shap are not run. Make it with .ci/peers, or name a Python that has them in PLUMBLINE_PEERS_PYTHON.\n`,
	)

/** Runs a script of the repository (its path from the root) with the peers' Python, on one thread; answers its output. */
export function runPeers(script: string, args: readonly string[]): string {
	if (!hasPeers) throw new Error(`There is no ${python}. Make it with .ci/peers.`)
	return execFileSync(python, ['-W', 'ignore', fileURLToPath(new URL(script, root)), ...args], {
		env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
		encoding: 'utf8',
		maxBuffer: 2 ** 30,
		stdio: ['ignore', 'pipe', 'pipe'],
	})
}
