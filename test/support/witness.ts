import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import {
	type Checkpoint,
	isSignedBy,
	parseCheckpoint,
	type VerifierKey,
} from '../../src/ledger/checkpoint.ts'
import { cosignedText } from '../../src/ledger/cosignature.ts'
import { rootsFromConsistency } from '../../src/ledger/tree.ts'
import { type Received, startTarget, type TargetAnswer } from './target.ts'

/** A witness as in C2SP tlog-witness for one log: it cosigns what is consistent with what it has seen. */
export async function startWitness(log: VerifierKey, name = 'witness.example/w1') {
	const { publicKey, privateKey } = generateKeyPairSync('ed25519')
	const material = Buffer.concat([
		Buffer.of(0x04),
		publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
	])
	const id = createHash('sha256').update(`${name}\n`).update(material).digest().subarray(0, 4)
	let seen: Checkpoint | undefined
	const state = { isForger: false }

	async function handle({ method, path, body }: Received): Promise<TargetAnswer> {
		if (method !== 'POST' || path !== '/add-checkpoint') return { status: 404, body: '' }
		const [head = '', ...rest] = body.split('\n\n')
		const note = parseCheckpoint(rest.join('\n\n'))
		const [first = '', ...proof] = head.split('\n')
		const old = Number(/^old (\d+)$/.exec(first)?.[1] ?? Number.NaN)
		if (!note || !(old <= note.checkpoint.size)) return { status: 400, body: '' }
		if (note.checkpoint.origin !== log.name) return { status: 404, body: '' }
		if (!(await isSignedBy(note, log))) return { status: 403, body: '' }
		if (old !== (seen?.size ?? 0))
			return { status: 409, body: `${seen?.size ?? 0}\n`, headers: { 'content-type': 'text/x.tlog.size' } }
		const { size, root } = note.checkpoint
		const hashes = proof.map((line) => new Uint8Array(Buffer.from(line, 'base64')))
		const roots = seen && rootsFromConsistency(seen.root, old, size, hashes)
		const same = (a?: Uint8Array, b?: Uint8Array) =>
			a !== undefined && b !== undefined && Buffer.from(a).equals(b)
		if (seen ? !same(roots?.from, seen.root) || !same(roots?.size, root) : proof.length > 0)
			return { status: 422, body: '' }
		seen = note.checkpoint
		const seconds = Math.floor(Date.now() / 1000)
		const time = Buffer.alloc(8)
		time.writeBigUInt64BE(BigInt(seconds))
		const signed = state.isForger ? Buffer.from('something else') : cosignedText(note.text, seconds)
		const signature = Buffer.concat([id, time, sign(null, signed, privateKey)])
		return { status: 200, body: `\u2014 ${name} ${signature.toString('base64')}\n` }
	}

	const target = await startTarget(handle)
	return {
		url: target.url,
		key: `${name}+${id.toString('hex')}+${material.toString('base64')}`,
		state,
		/** The checkpoint that it has seen last. */
		seen: () => seen,
		/** As if another copy of the log had shown it a larger tree. */
		forget: (to: Checkpoint | undefined) => {
			seen = to
		},
		close: target.close,
	}
}
