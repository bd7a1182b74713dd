import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { openOnnx } from '../../../src/explain/onnx/open-onnx.ts'
import { onnxRuntime } from '../../support/peers.ts'

const folder = new URL('golden/', import.meta.url)

type Cell = number | string | null
export type Golden = {
	/** By position, or by name where the model takes a column each. */
	rows: Cell[][] | Record<string, Cell>[]
	background: Cell[][] | Record<string, Cell>[]
	/** What onnxruntime answers in Python. */
	runtime: number[][]
	/** By output, row and feature. */
	shap?: number[][][]
	base?: number[]
}

export const golden = JSON.parse(gunzipSync(readFileSync(new URL('golden.json.gz', folder))).toString()) as {
	names: string[]
	models: Record<string, Golden>
}

export const bytesOf = (name: string): Uint8Array<ArrayBuffer> =>
	new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)))

export const featuresOf = (row: Cell[] | Record<string, Cell>): Record<string, Cell> =>
	Array.isArray(row) ? Object.fromEntries(golden.names.map((name, i) => [name, row[i] ?? null])) : row

export function goldenOf(name: string): Golden {
	const found = golden.models[name]
	if (!found) throw new Error(`no golden model ${name}`)
	return found
}

/** The model, with its rows and background encoded. */
export async function openGolden(name: string) {
	const { rows, background, ...rest } = goldenOf(name)
	const features = golden.names.map((n) => ({ name: n }))
	const model = await openOnnx(bytesOf(name), { features }, onnxRuntime)
	const encoded = (list: Golden['rows']) => list.map((row) => model.encode(featuresOf(row)).x)
	return { model, rows: encoded(rows), background: encoded(background), ...rest }
}
