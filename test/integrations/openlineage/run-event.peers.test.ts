import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { toRunEvent } from '../../../src/integrations/openlineage/run-event.ts'
import type { LineageFact } from '../../../src/ports/lineage.ts'
import { hasPeers, lineagePython } from '../../support/peers.ts'

const at = '2026-03-02T00:00:00.000Z'
const bare = { artifact: null, features: [], lineage: {} }
const facts: LineageFact[] = [
	{ kind: 'version', at, model: 'crédit 𝒳', version: '1', ...bare },
	{
		kind: 'version',
		at,
		model: 'credit',
		version: '2',
		...bare,
		lineage: { dataset: 'plain', image: 'img:1' },
	},
	{
		kind: 'version',
		at,
		model: 'credit',
		version: '7',
		features: [{ name: 'income', type: 'numeric' }],
		artifact: { sha256: 'a'.repeat(64), format: 'onnx' },
		lineage: { run: 'mlflow:4f1c', dataset: 's3://data/train.parquet@sha256:dd', commit: '9fceb02' },
	},
	{
		kind: 'deployment',
		at,
		model: 'credit',
		environment: 'production',
		revision: 3,
		versions: [
			{ version: '7', role: 'champion' },
			{ version: '8', role: 'challenger' },
			{ version: '8', role: 'canary', percent: 5 },
		],
	},
	{ kind: 'baseline', at, model: 'credit', version: '7', digest: 'abc', rows: 3 },
]

it.runIf(hasPeers('openlineage'))(
	'every event is one that OpenLineage’s own client could have sent',
	async () => {
		const sender = { namespace: 'plumbline', producer: 'http://127.0.0.1:8787' }
		const types = ['START', 'COMPLETE'] as const
		const events = await Promise.all(
			facts.flatMap((fact) => types.map((type) => toRunEvent(fact, type, sender))),
		)
		const folder = await mkdtemp(join(tmpdir(), 'plumbline-openlineage-'))
		const file = join(folder, 'events.ndjson')
		await writeFile(file, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
		const script = new URL('./validate-events.py', import.meta.url).pathname
		const { stdout } = await promisify(execFile)(lineagePython, [script, file])
		await rm(folder, { recursive: true })
		const facetCount = (JSON.stringify(events).match(/"_schemaURL"/g) ?? []).length
		expect(Number(stdout)).toBe(events.length + facetCount)
	},
)
