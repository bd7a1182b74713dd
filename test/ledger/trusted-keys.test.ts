import { expect, test } from 'vitest'
import { entryText } from '../../src/ledger/entry.ts'
import { handOver, handOverAction, handOverText, keyFor, trustedKeys } from '../../src/ledger/trusted-keys.ts'
import { testLedgerKey } from '../support/ledger-key.ts'

const [a, b, c] = ['a', 'b', 'c'].map((word) => testLedgerKey(word)) as [Key, Key, Key]
type Key = ReturnType<typeof testLedgerKey>

/** An entry in which a key hands over to another one, signed by two. */
async function entryOf(index: number, from: Key, to: Key, signers: [Key, Key] = [from, to]) {
	const text = handOverText(from.verifier, to.verifier)
	const details = handOver(
		{ key: from.verifier, signature: await signers[0].sign(text) },
		{ key: to.verifier, signature: await signers[1].sign(text) },
	)
	const actor = { id: 'cli', how: 'cli' }
	const at = '2026-03-02T00:00:00.000Z'
	return { index, text: entryText({ at, actor, action: handOverAction, object: 'ledger-key:b', details }) }
}

const names = (keys: Awaited<ReturnType<typeof trustedKeys>>) =>
	keys.map(({ key, since }) => [
		[a, b, c].findIndex((k) => k.verifier.publicKey.join() === key.publicKey.join()),
		since,
	])

test('a pinned key alone is trusted for all sizes', async () => {
	expect(names(await trustedKeys([], b.verifier))).toEqual([[1, 0]])
})

test('hand-overs are followed from the pinned key in both directions', async () => {
	const entries = [await entryOf(4, a, b), await entryOf(9, b, c)]
	for (const { verifier } of [a, b, c])
		expect(names(await trustedKeys(entries, verifier))).toEqual([
			[0, 0],
			[1, 5],
			[2, 10],
		])
})

test('the key for a size is the one that had taken over by then', async () => {
	const keys = await trustedKeys([await entryOf(4, a, b)], a.verifier)
	expect(keyFor(keys, 4)).toEqual(a.verifier)
	expect(keyFor(keys, 5)).toEqual(b.verifier)
})

test('a hand-over that one of the keys has not signed is skipped', async () => {
	for (const signers of [
		[c, b],
		[a, c],
	] as [Key, Key][])
		expect(names(await trustedKeys([await entryOf(4, a, b, signers)], a.verifier))).toEqual([[0, 0]])
})

test('a key that has handed over cannot do so again', async () => {
	const entries = [await entryOf(4, a, b), await entryOf(9, a, c)]
	expect(names(await trustedKeys(entries, a.verifier))).toEqual([
		[0, 0],
		[1, 5],
	])
})
