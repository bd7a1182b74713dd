import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { entryMac, isEntryMac } from '../../src/ledger/entry-mac.ts'
import { leafHash } from '../../src/ledger/tree.ts'

const key = new Uint8Array(32).fill(7)
const random = (count: number) => new Uint8Array(randomBytes(count))
const leaf = leafHash('entry')

test('a MAC is that of its key and leaf hash alone', () => {
	const mac = entryMac(key, leaf, Date.parse('2026-03-02'), random)
	expect(isEntryMac(key, leaf, mac)).toBe(true)
	expect(
		isEntryMac(
			key.map((byte) => byte ^ 1),
			leaf,
			mac,
		),
	).toBe(false)
	expect(isEntryMac(key, leafHash('another entry'), mac)).toBe(false)
	for (const at of [0, 15, 16, 47])
		expect(
			isEntryMac(
				key,
				leaf,
				mac.map((byte, i) => (i === at ? byte ^ 1 : byte)),
			),
		).toBe(false)
})

test('MACs of the same entry differ, and sort by their time', () => {
	const times = [
		'1970-01-01',
		'2026-03-02T00:00:00.000Z',
		'2026-03-02T00:00:00.001Z',
		'2026-03-03',
		'9999-12-31',
	]
	const macs = times.map((time) => Buffer.from(entryMac(key, leaf, Date.parse(time), random)).toString('hex'))
	expect([...macs].sort()).toEqual(macs)
	const again = Array.from({ length: 100 }, () => Buffer.from(entryMac(key, leaf, 5, random)).toString('hex'))
	expect(new Set(again).size).toBe(100)
})
