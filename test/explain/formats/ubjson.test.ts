import { describe, expect, test } from 'vitest'
import { readUbjson } from '../../../src/explain/formats/ubjson.ts'
import { ArtifactError } from '../../../src/explain/model.ts'

/** Letters are bytes of their code, numbers are bytes. */
const ubjson = (...parts: (string | number)[]): Uint8Array =>
	Uint8Array.from(
		parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part, 'latin1')])),
	)

const long = (value: bigint): string => {
	const bytes = Buffer.alloc(8)
	bytes.writeBigInt64BE(value)
	return bytes.toString('latin1')
}

describe('values', () => {
	test.each([
		['int8', ubjson('i', 0xff), -1],
		['uint8', ubjson('U', 0xff), 255],
		['int16', ubjson('I', 0xff, 0xfe), -2],
		['int32', ubjson('l', 0, 1, 0, 0), 65536],
		['int64', ubjson('L', long(-(2n ** 40n))), -(2 ** 40)],
		['float32', ubjson('d', 0x3f, 0, 0, 0), 0.5],
		['float64', ubjson('D', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0), 0.5],
		['a high-precision number', ubjson('Hi', 4, '1e-3'), 0.001],
		['a character', ubjson('Cx'), 'x'],
		['true', ubjson('T'), true],
		['false', ubjson('F'), false],
		['null', ubjson('Z'), null],
		['a text, after pauses', ubjson('NNSi', 3, 'z', 0xc3, 0xa9), 'zé'],
	])('%s', (_, bytes, value) => expect(readUbjson(bytes)).toBe(value))
})

describe('containers', () => {
	test.each([
		['a list', ubjson('[', 'i', 1, 'T', ']'), [1, true]],
		['a counted list', ubjson('[#i', 2, 'i', 1, 'Z'), [1, null]],
		['a list of bytes', ubjson('[$U#i', 2, 1, 2), Uint8Array.of(1, 2)],
		['a list of int8', ubjson('[$i#i', 2, 1, 0xff), Int8Array.of(1, -1)],
		['a list of int16', ubjson('[$I#i', 1, 1, 0), Int16Array.of(256)],
		['a list of int32', ubjson('[$l#L', long(1n), 0, 1, 0, 0), Int32Array.of(65536)],
		['a list of int64', ubjson('[$L#U', 1, long(-5n)), Float64Array.of(-5)],
		['a list of float32', ubjson('[$d#i', 1, 0x3f, 0, 0, 0), Float32Array.of(0.5)],
		['a list of float64', ubjson('[$D#i', 1, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0), Float64Array.of(0.5)],
		['a list of texts', ubjson('[$S#i', 2, 'i', 1, 'a', 'i', 0), ['a', '']],
		['an object', ubjson('{', 'i', 1, 'a', 'T', '}'), new Map([['a', true]])],
		['a counted object', ubjson('{#i', 1, 'i', 1, 'a', 'T'), new Map([['a', true]])],
		['a typed object', ubjson('{$U#i', 1, 'i', 1, 'a', 7), new Map([['a', 7]])],
		[
			'a name that is a prototype elsewhere',
			ubjson('{i', 9, '__proto__', 'T', '}'),
			new Map([['__proto__', true]]),
		],
	])('%s', (_, bytes, value) => expect(readUbjson(bytes)).toEqual(value))
})

describe('refuses', () => {
	test.each([
		['an empty file', ubjson(), 'it ends before 1 announced bytes'],
		[
			'a count of 10 billion numbers',
			ubjson('[$d#L', long(10_000_000_000n)),
			'it ends before 10000000000 announced',
		],
		[
			'a count of 10 billion values',
			ubjson('[#L', long(10_000_000_000n), 'T'),
			'it ends before 10000000000 announced',
		],
		['a text of 2^62 bytes', ubjson('SL', long(2n ** 62n)), 'too large'],
		['a text of -1 bytes', ubjson('SL', long(-1n)), 'a length is expected'],
		['values that take no bytes', ubjson('[$Z#L', long(10_000_000_000n)), 'a list of values without bytes'],
		['a typed list without a count', ubjson('[$i', 1), 'without a count'],
		['an unknown type', ubjson('x'), 'an unknown type'],
		['a name twice', ubjson('{i', 1, 'a', 'Ti', 1, 'a', 'T}'), 'appears twice'],
		['more after the end', ubjson('TT'), 'more after the end'],
		['a text that is not UTF-8', ubjson('Si', 1, 0xff), 'not UTF-8'],
		['lists in lists in lists', ubjson('['.repeat(1_000_000)), 'nested more than 64 deep'],
		['typed lists of lists', ubjson('[$[#i'.concat('\x01').repeat(1000)), 'nested more than 64 deep'],
		['objects in objects', ubjson(`{i${'\x01'}a`.repeat(1000)), 'nested more than 64 deep'],
		['a number that float64 cannot hold', ubjson('L', long(2n ** 60n)), 'too large'],
	])('%s', (_, bytes, reason) => {
		expect(() => readUbjson(bytes)).toThrow(reason)
		expect(() => readUbjson(bytes)).toThrow(ArtifactError)
	})
})
