import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ArtifactError } from '../../../src/explain/model.ts'
import { openTexts } from '../../../src/explain/onnx/columns.ts'
import { openOnnx } from '../../../src/explain/onnx/open-onnx.ts'
import { findScores, inputWidths, readGraphModel } from '../../../src/explain/onnx/read-graph.ts'
import { readOnnx } from '../../../src/explain/onnx/read-onnx.ts'
import { bytesOf, golden } from './golden.ts'

const field = (number: number, ...content: (number | Uint8Array)[]): Uint8Array => {
	const body = content.flatMap((c) => (typeof c === 'number' ? [c] : [...c]))
	// Tags of fields up to 15, lengths up to 16,383: all that these tests write.
	const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7]
	return Uint8Array.from([(number << 3) | 2, ...length, ...body])
}
const text = (value: string) => new TextEncoder().encode(value)
const model = (...graph: Uint8Array[]) => Uint8Array.from([8, 8, ...field(7, ...graph)])
const read = (bytes: Uint8Array) => () => readOnnx(bytes)

/** All that is read of a file before the runtime sees it. */
function readWhole(bytes: Uint8Array): void {
	const graph = readOnnx(bytes)
	const scores = findScores(graph)
	readGraphModel(graph, inputWidths(graph, 5), scores, openTexts(graph))
}

/** Anything but an ArtifactError is a fault of ours. */
function survives(bytes: Uint8Array): void {
	try {
		readWhole(bytes)
	} catch (error) {
		if (!(error instanceof ArtifactError)) throw error
	}
}

describe('reading ONNX files', () => {
	it('finds inputs, nodes and where the scores are', () => {
		const graph = readOnnx(bytesOf('columns'))
		expect(graph.inputs.map(({ name, type, dims }) => [name, type, dims])).toEqual([
			['income', 'float', [undefined, 1]],
			['age', 'float', [undefined, 1]],
			['debt', 'float', [undefined, 1]],
			['region', 'string', [undefined, 1]],
		])
		expect(findScores(readOnnx(bytesOf('forest')))).toEqual({
			tensor: 'probabilities',
			isOutput: false,
			classes: ['0', '1'],
			elementType: 1,
		})
	})

	it('refuses what is none', () => {
		expect(read(new Uint8Array())).toThrow('it has no graph')
		expect(read(text('{"learner":{}}'))).toThrow(ArtifactError)
		expect(read(Uint8Array.from([8, 8]))).toThrow('it has no graph')
		expect(read(Uint8Array.from([...bytesOf('tree'), ...field(7)]))).toThrow('two graphs')
	})

	it('refuses lengths beyond the end, however large they are', () => {
		expect(read(Uint8Array.from([8, 8, 58, 200, 1]))).toThrow('a length beyond the end')
		// Ten gigabytes, and a length that is negative.
		expect(read(Uint8Array.from([8, 8, 58, 0x80, 0xc8, 0xaf, 0xa0, 0x25]))).toThrow('a length beyond the end')
		expect(read(Uint8Array.from([8, 8, 58, ...new Array(9).fill(255), 1]))).toThrow('a length beyond the end')
		expect(read(Uint8Array.from([8, ...new Array(11).fill(255)]))).toThrow('more than ten bytes')
		expect(read(Uint8Array.from([11, 8]))).toThrow('wire type 3')
		const whole = bytesOf('forest')
		for (const part of [0.1, 0.5, 0.9, 0.999])
			expect(read(whole.subarray(0, Math.floor(whole.length * part)))).toThrow(ArtifactError)
	})

	it('refuses graphs inside of graphs beyond 32 levels', () => {
		let graph = field(1, field(4, text('If')))
		for (let level = 0; level < 40; level++) graph = field(1, field(5, field(6, graph)))
		expect(read(model(graph))).toThrow('more than 32 deep')
	})

	it('refuses weights in other files, also inside of other graphs, and operators of others', () => {
		const external = field(5, field(8, text('w')), field(13, field(1, text('location'), 0)))
		expect(read(model(external))).toThrow('in another file')
		expect(read(model(field(1, field(5, field(6, external)))))).toThrow('in another file')
		const tensor = Uint8Array.from([...field(5, field(8, text('w')), 0x70, 1)])
		expect(read(model(tensor))).toThrow('in another file')
		expect(read(model(field(1, field(4, text('Evil')), field(7, text('my.ops')))))).toThrow(
			'"Evil" is from "my.ops"',
		)
		expect(read(Uint8Array.from([...model(), 0xca, 1, 0]))).toThrow('functions of its own')
	})

	it('refuses loops', () => {
		expect(read(model(field(1, field(4, text('Loop')))))).toThrow('may never end')
	})

	it('gives up on graphs that double their columns forty times', () => {
		const value = field(1, text('X'))
		const input = field(11, value, field(2, field(1, 8, 1, field(2, field(1), field(1, 8, 2)))))
		const axis = field(5, field(1, text('axis')), 0x18, 1)
		const double = (from: string, to: string) =>
			field(1, field(1, text(from)), field(1, text(from)), field(2, text(to)), field(4, text('Concat')), axis)
		const nodes = Array.from({ length: 40 }, (_, i) => double(i === 0 ? 'X' : `c${i}`, `c${i + 1}`))
		const last = field(1, field(1, text('c40')), field(2, text('y')), field(4, text('LinearRegressor')))
		const output = field(12, field(1, text('y')), field(2, field(1, 8, 1)))
		const graph = readOnnx(model(input, ...nodes, last, output))
		expect(inputWidths(graph, undefined)).toEqual([2])
		expect(readGraphModel(graph, [2], findScores(graph), openTexts(graph))).toBeUndefined()
	})

	it('refuses tensors that have not the values of their shape', () => {
		const tensor = field(5, 8, 100, 16, 1, field(8, text('w')))
		expect(read(model(tensor))).toThrow('"w" does not have the values of its shape')
	})

	it('refuses models without scores or without a table of inputs', async () => {
		await expect(openOnnx(model(), {}, undefined)).rejects.toThrow('has no scores')
	})

	it('survives 30,000 damaged files: an ArtifactError or a graph, nothing else', () => {
		const names = Object.keys(golden.models)
		const files = names.map(bytesOf)
		const damaged = fc.record({
			file: fc.nat(files.length - 1),
			at: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 6 }),
			cut: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
			head: fc.boolean(),
		})
		fc.assert(
			fc.property(damaged, ({ file, at, cut, head }) => {
				const source = files[file] as Uint8Array
				const bytes = source.slice(0, Math.ceil(source.length * cut))
				// Half of them near the front, where the structure is.
				for (const [place, value] of at)
					bytes[Math.floor(place * (head ? Math.min(200, bytes.length) : bytes.length))] = value
				survives(bytes)
			}),
			{ numRuns: 25_000, seed: 1 },
		)
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				survives(bytes)
				survives(model(bytes))
			}),
			{ numRuns: 5_000, seed: 2 },
		)
	})
})
