import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { workerData } from 'node:worker_threads'
import { initWasm, Resvg } from '@resvg/resvg-wasm'
import { serveThread } from './serve-thread.ts'

// A picture takes a fifth of a second, in which nothing else could be answered.

const fonts = ['ttf/DejaVuSans.ttf', 'ttf/DejaVuSans-Bold.ttf']
const family = 'DejaVu Sans'
/** For screens with two device pixels to a CSS pixel. */
const zoom = 2

/** A file of an installed package. */
const read = async (specifier: string): Promise<Uint8Array<ArrayBuffer>> =>
	new Uint8Array(await readFile(fileURLToPath(import.meta.resolve(specifier))))

const { fonts: more } = workerData as { fonts: readonly string[] }
const wasm = await read('@resvg/resvg-wasm/index_bg.wasm')
const fontBuffers = await Promise.all([
	...fonts.map((font) => read(`dejavu-fonts-ttf/${font}`)),
	...more.map(async (path) => new Uint8Array(await readFile(path))),
])
await initWasm(wasm)

function render(svg: string): Uint8Array {
	const image = new Resvg(svg, {
		fitTo: { mode: 'zoom', value: zoom },
		font: { fontBuffers, defaultFontFamily: family, sansSerifFamily: family },
	})
	try {
		const rendered = image.render()
		const png = rendered.asPng()
		rendered.free()
		return png
	} finally {
		image.free()
	}
}

const calls = { render }
export type RenderCalls = typeof calls
serveThread(calls)
