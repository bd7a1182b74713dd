import { ArtifactError } from '../model.ts'
import type { NumberList } from '../number-list.ts'

/** A field's content: a number (varint; int64 as a double), or the bytes from `from` to `to` (fixed and length-delimited). */
export type Field = { number: number; wire: number; value: number; from: number; to: number }

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const
const deepest = 32

const broken = (what: string, at: number): ArtifactError =>
	new ArtifactError(`not an ONNX file: ${what} at byte ${at}; export the model again and upload it whole`)

/**
 * Strict reader of the protobuf wire format (protobuf.dev/programming-guides/encoding): every length is checked against
 * what is there, groups and unknown wire types are refused. One object is used for all fields: keep none of them.
 */
export function eachField(bytes: Uint8Array, from: number, to: number, visit: (field: Field) => void): void {
	const cursor = { at: from }
	const field: Field = { number: 0, wire: 0, value: 0, from: 0, to: 0 }
	while (cursor.at < to) {
		const start = cursor.at
		const tag = varint(bytes, cursor, to)
		field.number = Math.floor(tag / 8)
		field.wire = tag - field.number * 8
		if (!(field.number >= 1 && field.number < 2 ** 29)) throw broken('a field without a number', start)
		field.value = 0
		if (field.wire === wire.varint) field.value = varint(bytes, cursor, to)
		else {
			const length = lengthOf(field.wire, bytes, cursor, to)
			if (!(length >= 0 && length <= to - cursor.at)) throw broken('a length beyond the end', start)
			field.from = cursor.at
			cursor.at += length
			field.to = cursor.at
		}
		visit(field)
	}
}

function lengthOf(kind: number, bytes: Uint8Array, cursor: { at: number }, to: number): number {
	if (kind === wire.fixed32) return 4
	if (kind === wire.fixed64) return 8
	if (kind === wire.bytes) return varint(bytes, cursor, to)
	throw broken(`wire type ${kind}`, cursor.at)
}

/** At most ten bytes; as a signed 64-bit number, so beyond 2^53 it is rounded. */
function varint(bytes: Uint8Array, cursor: { at: number }, to: number): number {
	const start = cursor.at
	// Up to four bytes in whole numbers of 32 bits: nearly all are.
	let [short, shift] = [0, 0]
	for (let at = start; at < to && shift < 28; at++, shift += 7) {
		const byte = bytes[at] as number
		short |= (byte & 127) << shift
		if (byte < 128) {
			cursor.at = at + 1
			return short
		}
	}
	let [low, high] = [0, 0]
	for (let i = 0; i < 10; i++) {
		if (cursor.at >= to) throw broken('a number that is cut off', start)
		const byte = bytes[cursor.at++] as number
		if (i < 4) low += (byte & 127) * 2 ** (7 * i)
		else high += (byte & 127) * 2 ** (7 * (i - 4))
		if (byte < 128) {
			const unsigned = low + (high % 2 ** 36) * 2 ** 28
			return high % 2 ** 36 < 2 ** 35 ? unsigned : -((2 ** 36 - (high % 2 ** 36)) * 2 ** 28 - low)
		}
	}
	throw broken('a number of more than ten bytes', start)
}

const texts = new TextDecoder('utf-8', { fatal: true })

/** The text of a field. Throws ArtifactError when it is not UTF-8. */
export function textOf(bytes: Uint8Array, { from, to, wire: kind }: Field): string {
	if (kind !== wire.bytes) throw broken('a number where a text should be', from)
	try {
		return texts.decode(bytes.subarray(from, to))
	} catch (cause) {
		throw new ArtifactError(`not an ONNX file: a text at byte ${from} is not UTF-8`, { cause })
	}
}

/** Visits a message inside of a field, no deeper than 32. */
export function eachInside(bytes: Uint8Array, outer: Field, depth: number, visit: (f: Field) => void): void {
	if (outer.wire !== wire.bytes) throw broken('a number where a message should be', outer.from)
	if (depth > deepest) throw broken(`messages more than ${deepest} deep`, outer.from)
	eachField(bytes, outer.from, outer.to, visit)
}

/** Texts that come again and again are decoded once: the modes of a tree's nodes are millions of a few words. */
export class TextList {
	readonly texts: string[] = []
	#last: { text: string; from: number; to: number }[] = []

	push(bytes: Uint8Array, field: Field): void {
		const known = this.#last.find(({ from, to }) => sameText(bytes, from, to, field))
		const text = known?.text ?? textOf(bytes, field)
		if (!known) this.#last = [{ text, from: field.from, to: field.to }, ...this.#last].slice(0, 8)
		this.texts.push(text)
	}
}

function sameText(bytes: Uint8Array, from: number, to: number, field: Field): boolean {
	if (field.wire !== wire.bytes || to - from !== field.to - field.from) return false
	for (let i = 0; from + i < to; i++) if (bytes[from + i] !== bytes[field.from + i]) return false
	return true
}

/** Adds the field's numbers: packed or one by one. */
export function addInts(bytes: Uint8Array, field: Field, into: { push(value: number): unknown }): void {
	if (field.wire === wire.varint) into.push(field.value)
	else if (field.wire === wire.bytes) {
		const cursor = { at: field.from }
		while (cursor.at < field.to) into.push(varint(bytes, cursor, field.to))
	} else throw broken('a number of another type', field.from)
}

const scratch = new DataView(new ArrayBuffer(8))

export function addFloats(bytes: Uint8Array, field: Field, into: NumberList, size: 4 | 8 = 4): void {
	const isOne = field.wire === (size === 4 ? wire.fixed32 : wire.fixed64)
	if ((!isOne && field.wire !== wire.bytes) || (field.to - field.from) % size !== 0)
		throw broken('a number of another type', field.from)
	for (let at = field.from; at < field.to; at += size) {
		for (let i = 0; i < size; i++) scratch.setUint8(i, bytes[at + i] as number)
		into.push(size === 4 ? scratch.getFloat32(0, true) : scratch.getFloat64(0, true))
	}
}
