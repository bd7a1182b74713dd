import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { initWasm, Resvg } from '@resvg/resvg-wasm'

const fonts = ['ttf/DejaVuSans.ttf', 'ttf/DejaVuSans-Bold.ttf']
const family = 'DejaVu Sans'
/** For screens with two pixels where there was one. */
const zoom = 2

const read = async (specifier: string): Promise<Uint8Array> =>
	new Uint8Array(await readFile(fileURLToPath(import.meta.resolve(specifier))))

/** The renderer as a module and its fonts, from the packages that we depend on. The module can be started only once a process. */
async function load(): Promise<Uint8Array[]> {
	const [wasm, ...buffers] = await Promise.all([
		read('@resvg/resvg-wasm/index_bg.wasm'),
		...fonts.map((font) => read(`dejavu-fonts-ttf/${font}`)),
	])
	await initWasm(wasm as Uint8Array<ArrayBuffer>)
	return buffers
}

let loading: Promise<Uint8Array[]> | undefined

/** An SVG as a PNG, twice its size. The renderer is loaded when the first picture is asked for. */
export async function renderPng(svg: string): Promise<Uint8Array> {
	loading ??= load()
	const fontBuffers = await loading
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
