import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { initWasm, Resvg } from '@resvg/resvg-wasm'

// The thread that turns SVG into PNG: a picture takes a fifth of a second, in which nothing else could be answered.

export type Drawing = { svg: string }
export type Rendered = { png: Uint8Array } | { error: string }

const fonts = ['ttf/DejaVuSans.ttf', 'ttf/DejaVuSans-Bold.ttf']
const family = 'DejaVu Sans'
/** For screens with two pixels where there was one. */
const zoom = 2

/** A file of a package that we depend on, wherever it is installed. */
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

const port = parentPort as NonNullable<typeof parentPort>
port.on('message', ({ svg }: Drawing) => {
	try {
		port.postMessage({ png: render(svg) } satisfies Rendered)
	} catch (error) {
		port.postMessage({ error: String(error) } satisfies Rendered)
	}
})
