import { fromBase64, toBase64, utf8 } from '../core/bytes.ts'
import { checkSignature, formatVerifierKey, parseVerifierKey, type VerifierKey } from './checkpoint.ts'

// A key hands over to the next one in an entry of the log that both have signed, so that whoever trusts one of them knows the
// others.

export const handOverAction = 'rotate-ledger-key'

/** What both keys sign. No checkpoint begins like this: a space is not allowed in the name of a log. */
export const handOverText = (from: VerifierKey, to: VerifierKey): Uint8Array<ArrayBuffer> =>
	utf8(`plumbline ledger key hand-over v1\n${formatVerifierKey(from)}\n${formatVerifierKey(to)}\n`)

/** The details of the entry. */
export type HandOver = { from: string; to: string; fromSignature: string; toSignature: string }

export const handOver = (
	from: { key: VerifierKey; signature: Uint8Array },
	to: { key: VerifierKey; signature: Uint8Array },
): HandOver => ({
	from: formatVerifierKey(from.key),
	to: formatVerifierKey(to.key),
	fromSignature: toBase64(from.signature),
	toSignature: toBase64(to.signature),
})

/** `since`: checkpoints of this size and larger ones are signed by the key, up to the `since` of the next key. */
export type TrustedKey = { key: VerifierKey; since: number }

/**
 * The keys that a pinned key leads to, oldest first, through the hand-overs among the entries in order. Entries that are none, or
 * whose signatures are wrong, are skipped. A checkpoint has to be signed by `keyFor` its size.
 */
export async function trustedKeys(
	entries: Iterable<{ index: number; text: string }> | AsyncIterable<{ index: number; text: string }>,
	pinned: VerifierKey,
): Promise<TrustedKey[]> {
	const found: { index: number; from: VerifierKey; to: VerifierKey }[] = []
	for await (const { index, text } of entries) {
		const keys = text.includes(handOverAction) ? await readHandOver(text) : undefined
		if (keys) found.push({ index, ...keys })
	}
	const chain: TrustedKey[] = [{ key: pinned, since: 0 }]
	for (const { index, from, to } of found)
		if (isSameKey(from, (chain.at(-1) as TrustedKey).key)) chain.push({ key: to, since: index + 1 })
	for (const { index, from, to } of found.toReversed()) {
		const first = chain[0] as TrustedKey
		if (!isSameKey(to, first.key) || index >= (chain[1]?.since ?? Number.POSITIVE_INFINITY)) continue
		first.since = index + 1
		chain.unshift({ key: from, since: 0 })
	}
	return chain
}

/** The key that signs checkpoints of a size. */
export const keyFor = (keys: readonly TrustedKey[], size: number): VerifierKey | undefined =>
	keys.findLast(({ since }) => since <= size)?.key

const isSameKey = (a: VerifierKey, b: VerifierKey) => formatVerifierKey(a) === formatVerifierKey(b)

async function readHandOver(text: string): Promise<{ from: VerifierKey; to: VerifierKey } | undefined> {
	const { action, details } = entryOf(text)
	const from = parseVerifierKey(details?.from ?? '')
	const to = parseVerifierKey(details?.to ?? '')
	if (action !== handOverAction || !details || !from || !to) return undefined
	const signed = handOverText(from, to)
	const isSigned = async (key: VerifierKey, signature = '') =>
		checkSignature(key.publicKey, fromBase64(signature) ?? new Uint8Array(), signed)
	return (await isSigned(from, details.fromSignature)) && (await isSigned(to, details.toSignature))
		? { from, to }
		: undefined
}

/** Nothing for a text that is not JSON. */
function entryOf(text: string): { action?: string; details?: Partial<HandOver> } {
	try {
		return JSON.parse(text)
	} catch {
		return {}
	}
}
