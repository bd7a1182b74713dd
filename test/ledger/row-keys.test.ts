import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { decodeKeys, encodeKeys, keysFromSeed, puncture, rowKey, rowKeys } from '../../src/ledger/row-keys.ts'

const seed = new Uint8Array(createHash('sha256').update('seed').digest())
const hexOf = (key: Uint8Array | undefined) => (key ? Buffer.from(key).toString('hex') : undefined)
const allKeys = (nodes: ReturnType<typeof keysFromSeed>, rows: number) =>
	new Map([...rowKeys(nodes, rows)].map(({ row, key }) => [row, hexOf(key)]))

it('gives each row a key of its own, the same at every look', () => {
	for (const rows of [1, 2, 3, 8, 100]) {
		const nodes = keysFromSeed(seed, rows)
		const keys = allKeys(nodes, rows)
		expect([...keys.keys()]).toEqual(Array.from({ length: rows }, (_, i) => i))
		expect(new Set(keys.values()).size).toBe(rows)
		for (const [row, key] of keys) expect(hexOf(rowKey(nodes, row))).toBe(key)
	}
})

it('destroys the keys of single rows and keeps every other one', () => {
	const rows = 100
	const before = allKeys(keysFromSeed(seed, rows), rows)
	let nodes = keysFromSeed(seed, rows)
	const gone = new Set([0, 99, 50, 51, 7])
	for (const row of gone) nodes = puncture(nodes, row)
	nodes = decodeKeys(encodeKeys(puncture(nodes, 50)))
	const after = allKeys(nodes, rows)
	for (let row = 0; row < rows; row++) {
		expect(after.get(row)).toBe(gone.has(row) ? undefined : before.get(row))
		expect(hexOf(rowKey(nodes, row))).toBe(after.get(row))
	}
	// Neither the destroyed keys nor a node above them is among what is left.
	for (const { key } of nodes) for (const row of gone) expect(hexOf(key)).not.toBe(before.get(row))
})
