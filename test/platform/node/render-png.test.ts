import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { waterfallSvg } from '../../../src/charts/waterfall.ts'
import { pngRenderer } from '../../../src/platform/node/render-png.ts'

const renderPng = pngRenderer()
const svgOf = (title: string) =>
	waterfallSvg({
		title,
		subtitle: '',
		space: 'points',
		isProbability: false,
		base: 500,
		margin: 480,
		bars: [{ name: 'income', value: '1200', contribution: -20 }],
	})

it('makes a PNG of an SVG, twice its size, with its text', async () => {
	const [png, again, other] = await Promise.all([svgOf('a'), svgOf('a'), svgOf('b')].map(renderPng))
	const view = new DataView((png as Uint8Array).buffer, (png as Uint8Array).byteOffset)
	expect([...(png as Uint8Array).slice(1, 4)]).toEqual([...'PNG'].map((c) => c.charCodeAt(0)))
	const height = Number(/height="(\d+)"/.exec(svgOf('a'))?.[1])
	expect([view.getUint32(16), view.getUint32(20)]).toEqual([2 * 960, 2 * height])
	expect(png).toEqual(again)
	// The font is there: another text is another picture.
	expect(png).not.toEqual(other)
})

it('draws with the fonts that it is given, and says which cannot be read', async () => {
	const serif = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuMathTeXGyre.ttf'))
	// A letter that DejaVu Sans does not have.
	const letter = svgOf('\u{1d504}')
	expect(await pngRenderer([serif])(letter)).not.toEqual(await renderPng(letter))
	await expect(pngRenderer(['/nowhere.ttf'])(letter)).rejects.toThrow('/nowhere.ttf')
})

it('rejects what is not a picture', async () => {
	await expect(renderPng('<svg')).rejects.toThrow()
	await expect(renderPng(svgOf('a'))).resolves.toBeInstanceOf(Uint8Array)
})
