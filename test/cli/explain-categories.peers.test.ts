import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { recordFile, specsOf } from '../../src/cli/explain-file.ts'
import { openExplainer } from '../../src/cli/explain-rows.ts'
import { openBytes } from '../../src/registry/artifact/open-version.ts'
import { type FileRow, featureRows } from '../../src/tables/feature-rows.ts'
import { hasPeers, onnxRuntime } from '../support/peers.ts'

const shared = (name: string) => fileURLToPath(new URL(`../cases/${name}`, import.meta.url))

describe.runIf(hasPeers('onnxruntime'))('categories of an ONNX model', () => {
	it('that read like a missing value are categories, in the rows and in the background', async () => {
		const features = ['x', 'country'].map((name) => ({ name, type: 'numeric' as const }))
		const bytes = new Uint8Array(await readFile(shared('10-na.onnx')))
		const opened = await openBytes({ onnx: () => onnxRuntime }, 'onnx', bytes, { manifest: {}, features })
		if (!('model' in opened)) throw new Error('the model is exact')
		const read = async (name: string): Promise<FileRow[]> => {
			const rows: FileRow[] = []
			for await (const row of featureRows(await recordFile(shared(name)), specsOf(opened))) rows.push(row)
			return rows
		}
		const explained = async (ending: string) => {
			const background = (await read(`10-background.${ending}`)).map(
				(row) => opened.model.encode('value' in row ? row.value : {}).x,
			)
			const explainer = openExplainer(opened, background)
			const rows = await explainer.explain(await read(`10-na.${ending}`))
			await explainer.close()
			return rows.map((row) => 'score' in row && [row.score[0], row.attribution.base[0]])
		}
		const [csv, ndjson] = [await explained('csv'), await explained('ndjson')]
		await opened.onnx?.close()
		expect(csv).toEqual(ndjson)
		expect(csv[0]).toEqual([expect.closeTo(0.8016, 4), expect.closeTo(-0.326, 4)])
	})
})
