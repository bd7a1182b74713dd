import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gunzip } from '../../src/core/gunzip.ts'
import { BadLine, linesIn } from '../../src/core/lines-in.ts'
import { readUtf8 } from '../../src/core/utf8.ts'

async function* pieces(bytes: Uint8Array, size = bytes.length || 1): AsyncGenerator<Uint8Array> {
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const unpack = async (bytes: Uint8Array, size?: number) =>
	await new Response(gunzip(pieces(bytes, size)) as ReadableStream<Uint8Array<ArrayBuffer>>).text()

describe('gunzip', () => {
	const [first, second, none] = [gzipSync('hello\n'), gzipSync('world\n'), gzipSync('')]

	it('reads several members as one stream, wherever the bytes are cut', async () => {
		const both = Buffer.concat([first, second])
		for (let size = 1; size <= both.length; size++) expect(await unpack(both, size)).toBe('hello\nworld\n')
		expect(await unpack(Buffer.concat([none, first, none, none, second, none]))).toBe('hello\nworld\n')
	})

	it('says of a stream that ends early that it is cut off, at every byte', async () => {
		const both = Buffer.concat([first, second])
		for (let end = 1; end < both.length; end++) {
			if (end === first.length) continue
			await expect(unpack(both.subarray(0, end)), String(end)).rejects.toMatchObject({
				code: 'malformed',
				message: expect.stringContaining('cut off'),
			})
		}
	})

	it('takes what looks like a member inside of one for content', async () => {
		const inner = Buffer.concat([Buffer.from('before '), first, Buffer.from(' behind')])
		const bytes: Uint8Array[] = []
		for await (const part of gunzip(pieces(gzipSync(inner, { level: 0 })))) bytes.push(part)
		expect(Buffer.concat(bytes)).toEqual(inner)
	})

	it('reads large members in turn', async () => {
		const parts = Array.from({ length: 5 }, () => randomBytes(150_000))
		const packed = Buffer.concat(parts.map((part) => gzipSync(part)))
		const bytes: Uint8Array[] = []
		for await (const part of gunzip(pieces(packed, 65_536))) bytes.push(part)
		expect(Buffer.concat(bytes).equals(Buffer.concat(parts))).toBe(true)
	})

	it('can be left in the middle, by its reader or its source', async () => {
		const bomb = gzipSync(Buffer.alloc(2_000_000, 'x\n'))
		async function* breaks(at: number) {
			yield* pieces(bomb.subarray(0, at), 400)
			throw new Error('aborted')
		}
		// An error outside of all promises ends the process, and fails this test.
		for (let i = 1; i <= 40; i++) {
			let left = i
			for await (const _ of gunzip(pieces(bomb, 500))) if (--left === 0) break
			await expect(new Response(gunzip(breaks(40 * i)) as BodyInit).text()).rejects.toThrow('aborted')
		}
		await new Promise((resolve) => setTimeout(resolve, 50))
	})

	it('names damage, and bytes that follow', async () => {
		const bad = Buffer.from(first)
		bad.writeUInt8(bad.readUInt8(14) ^ 0xff, 14)
		await expect(unpack(bad)).rejects.toThrow('damaged')
		await expect(unpack(Buffer.concat([first, Buffer.from('more')]))).rejects.toThrow('followed by bytes')
		await expect(unpack(Buffer.from('no gzip at all'))).rejects.toMatchObject({ code: 'malformed' })
	})
})

async function lines(bytes: Uint8Array, size?: number, most?: number): Promise<string[]> {
	const all: string[] = []
	for await (const some of linesIn(pieces(bytes, size), most))
		all.push(...some.map((line) => (line instanceof BadLine ? `<${line.message}>` : line)))
	return all
}

describe('the lines of a text', () => {
	const text = 'süß\n\n東京 𝔸\nend'

	it('are the same however the bytes are cut', async () => {
		const bytes = Buffer.from(text)
		for (let size = 1; size <= bytes.length; size++)
			expect(await lines(bytes, size)).toEqual(text.split('\n'))
	})

	it('are read from UTF-16 too, with and without a mark, and without the mark of UTF-8', async () => {
		const ascii = 'a,b\n1,東\n'
		const little = Buffer.from(ascii, 'utf16le')
		const big = Buffer.from(little).swap16()
		const files = [
			Buffer.from(`\ufeff${ascii}`),
			Buffer.concat([Buffer.from([0xff, 0xfe]), little]),
			Buffer.concat([Buffer.from([0xfe, 0xff]), big]),
			little,
			big,
		]
		for (const file of files)
			for (const size of [1, 3, 100]) expect(await lines(file, size)).toEqual(['a,b', '1,東'])
	})

	it('that are not UTF-8 are named, each for itself', async () => {
		const bytes = Buffer.concat([
			Buffer.from('a\n'),
			Buffer.from('M\xfcller\n', 'latin1'),
			Buffer.from('c\n'),
		])
		for (const size of [1, 4, 100])
			expect(await lines(bytes, size)).toEqual(['a', '<the line is not UTF-8>', 'c'])
		await expect(readUtf8(pieces(bytes))).rejects.toThrow('Line 2 is not UTF-8')
	})

	it('that are too long are named once, and those behind them are read', async () => {
		const bytes = Buffer.from(`a\n${'x'.repeat(50)}\nc\n`)
		for (const size of [1, 7, 100])
			expect(await lines(bytes, size, 20)).toEqual(['a', '<a line is at most 20 bytes>', 'c'])
	})

	it.each([
		[[0x1f, 0x8b, 8, 0, 0], 'gzip'],
		[[0x50, 0x4b, 3, 4, 0], 'Excel'],
		[[0x50, 0x41, 0x52, 0x31, 0], 'Parquet'],
	])('are not looked for in other files: %j', async (bytes, name) => {
		await expect(lines(Uint8Array.from(bytes))).rejects.toThrow(name)
	})
})
