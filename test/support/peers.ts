import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadOnnxRuntime } from '../../src/platform/node/onnx-runtime.ts'

const root = new URL('../../', import.meta.url)
const pathOf = (name: string) => fileURLToPath(new URL(name, root))

/** Python with the real libraries: named by the environment, or made by `.ci/peers`. */
export const peersPython =
	process.env.PLUMBLINE_PEERS_PYTHON ?? pathOf('node_modules/.cache/peers/bin/python')

/** For what needs the standard library alone. */
export const plainPython = existsSync(peersPython) ? peersPython : 'python3'

/** The same Python, or another one that has MLflow and OpenLineage. */
export const lineagePython = process.env.PLUMBLINE_MLFLOW_PYTHON ?? peersPython

/** S3, among others: `pip install 'moto[server]==5.2.5'`. */
export const motoServer = process.env.PLUMBLINE_MOTO_SERVER ?? join(dirname(peersPython), 'moto_server')

/** A runtime of its own; a graph that is not done after `deadlineMs` is refused. */
export const openOnnxRuntime = (deadlineMs?: number) =>
	loadOnnxRuntime(process.env.PLUMBLINE_ONNXRUNTIME ?? 'onnxruntime-node', deadlineMs) ??
	loadOnnxRuntime(pathOf('node_modules/.cache/onnx/node_modules/onnxruntime-node'), deadlineMs)

export const onnxRuntime = openOnnxRuntime()

/** Where prometheus and promtool are: named by the environment, or unpacked by `.ci/prometheus`. */
export const prometheusFolder =
	process.env.PLUMBLINE_PEERS_PROMETHEUS ?? pathOf('node_modules/.cache/prometheus/usr/bin')

/** Where poppler's tools, qpdf and veraPDF are: named by the environment, or unpacked by `.ci/pdf`. */
export const pdfFolder = process.env.PLUMBLINE_PEERS_PDF ?? pathOf('node_modules/.cache/pdf')

/** Go's verifier of logs: named by the environment, or built by `.ci/ledger`. */
export const ledgerVerifier =
	process.env.PLUMBLINE_PEERS_LEDGER ?? pathOf('node_modules/.cache/ledger/verify')

/** Public data sets, beside the repository. */
const dataFile = (name: string): string => pathOf(`../shared/data/${name}`)
export const creditPath = dataFile('credit-default/UCI_Credit_Card.csv')
export const blockKitPath = dataFile('block-kit/limits.json')
export const californiaPath = (part: string) => dataFile(`california-housing/california_housing_${part}.csv`)

const hasModule = (python: string, name: string): boolean =>
	existsSync(python) &&
	spawnSync(python, ['-c', `import importlib.util as u; exit(u.find_spec("${name}") is None)`]).status === 0

const peers = {
	python: { is: 'Python with XGBoost, LightGBM and shap', found: () => hasModule(peersPython, 'shap') },
	plainPython: { is: 'Python 3', found: () => spawnSync(plainPython, ['--version']).status === 0 },
	mlflow: { is: 'MLflow', found: () => hasModule(lineagePython, 'mlflow') },
	openlineage: { is: 'openlineage-python', found: () => hasModule(lineagePython, 'openlineage') },
	schemathesis: { is: 'schemathesis', found: () => hasModule(peersPython, 'schemathesis') },
	moto: { is: 'moto_server (S3)', found: () => existsSync(motoServer) },
	onnxruntime: { is: 'onnxruntime-node', found: () => onnxRuntime !== undefined, from: '.ci/onnxruntime' },
	prometheus: {
		is: 'Prometheus',
		found: () => existsSync(join(prometheusFolder, 'promtool')),
		from: '.ci/prometheus',
	},
	pdf: {
		is: 'poppler, qpdf or veraPDF',
		found: () => existsSync(join(pdfFolder, 'done')),
		from: '.ci/pdf',
	},
	ledger: {
		is: 'the verifier of logs in Go',
		found: () => existsSync(ledgerVerifier),
		from: '.ci/ledger',
	},
	credit: { is: creditPath, found: () => existsSync(creditPath), from: 'UCI (CC0)' },
	california: {
		is: californiaPath('reference'),
		found: () => existsSync(californiaPath('reference')),
		from: 'NannyML (Apache-2.0)',
	},
	blockKit: { is: blockKitPath, found: () => existsSync(blockKitPath), from: 'slackblocks (MIT)' },
} satisfies Record<string, { is: string; found(): boolean; from?: string }>

type Peer = keyof typeof peers
export const hasPeers = (...names: Peer[]): boolean => names.every((name) => peers[name].found())

/** What is missing here, and where to get it, a line each. */
export const missingPeers = (): string[] =>
	Object.values<{ is: string; found(): boolean; from?: string }>(peers)
		.filter((peer) => !peer.found())
		.map(({ is, from = '.ci/peers' }) => `${is} is missing. Get it with ${from}.`)

/** Runs a script of the repository (its path from the root) with the peers' Python, on one thread; answers its output. */
export function runPeers(script: string, args: readonly string[]): string {
	return execFileSync(peersPython, ['-W', 'ignore', pathOf(script), ...args], {
		env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
		encoding: 'utf8',
		maxBuffer: 2 ** 30,
		stdio: ['ignore', 'pipe', 'pipe'],
	})
}
