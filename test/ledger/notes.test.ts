import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import {
	checkpointText,
	formatVerifierKey,
	isSignedBy,
	parseCheckpoint,
	parseVerifierKey,
	signatureLine,
	signedNote,
} from '../../src/ledger/checkpoint.ts'
import { formatProof, parseProof } from '../../src/ledger/proof-file.ts'
import { decodeEntries, encodeEntries, parseTilePath, tilePath } from '../../src/ledger/tiles.ts'
import { leafHash } from '../../src/ledger/tree.ts'
import { testLedgerKey } from '../support/ledger-key.ts'

const key = testLedgerKey()
const root = leafHash('root')

async function signed(size: number, by = key) {
	const text = checkpointText({ origin: 'plumbline', size, root })
	return signedNote(text, [signatureLine(by.verifier, await by.sign(utf8(text)))])
}

describe('a signed checkpoint', () => {
	it('is read back and is signed by its key alone', async () => {
		const note = parseCheckpoint(await signed(7))
		expect(note?.checkpoint).toEqual({ origin: 'plumbline', size: 7, root })
		expect(await isSignedBy(note as never, key.verifier)).toBe(true)
		expect(await isSignedBy(note as never, testLedgerKey('other').verifier)).toBe(false)
	})

	it('is not signed once a byte of its text is another', async () => {
		const note = parseCheckpoint((await signed(7)).replace('\n7\n', '\n8\n'))
		expect(await isSignedBy(note as never, key.verifier)).toBe(false)
	})

	it.each(['', 'plumbline\n7\n', 'plumbline\n07\nAAAA\n\n', 'a\n7\nAAAA\n\nno signature\n'])(
		'is not %j',
		(text) => {
			expect(parseCheckpoint(text)).toBeUndefined()
		},
	)
})

it('reads a verifier key, and refuses one whose id is not its own', () => {
	const text = formatVerifierKey(key.verifier)
	expect(parseVerifierKey(text)).toEqual(key.verifier)
	expect(parseVerifierKey(text.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeUndefined()
	expect(parseVerifierKey('plumbline')).toBeUndefined()
})

it('writes tile paths as tlog-tiles does, and reads no others', () => {
	expect([0, 67, 1000, 1_234_067].map((n) => tilePath(n))).toEqual([
		'000',
		'067',
		'x001/000',
		'x001/x234/067',
	])
	expect(tilePath(5, 17)).toBe('005.p/17')
	expect(parseTilePath('x001/x234/067.p/8')).toEqual({ n: 1_234_067, width: 8 })
	for (const text of ['', '5', 'x000/001', '001.p/0', '001.p/256', '001.p/999', '../001', '001/'])
		expect(parseTilePath(text), text).toBeUndefined()
})

it('packs entries with their lengths', () => {
	const entries = [utf8('a'), utf8(''), utf8('b'.repeat(300))]
	const bytes = encodeEntries(entries)
	expect(decodeEntries(bytes)).toEqual(entries)
	expect(decodeEntries(bytes.subarray(0, -1))).toBeUndefined()
	expect(() => encodeEntries([new Uint8Array(65_536)])).toThrow(/over 65,535/)
})

it('reads back a proof file', async () => {
	const text = formatProof(3, [leafHash('a'), leafHash('b')], await signed(9))
	expect(text).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 3\n/)
	expect(parseProof(text)).toMatchObject({ index: 3, hashes: [leafHash('a'), leafHash('b')] })
	expect(parseProof(text.replace('index 3', 'index x'))).toBeUndefined()
})
