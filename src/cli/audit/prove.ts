import { writeFile } from 'node:fs/promises'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { sameBytes, toHex, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import type { RowProof } from '../../evidence/ledger/row-proof.schema.ts'
import { formatVerifierKey, isSignedBy, parseVerifierKey } from '../../ledger/checkpoint.ts'
import type { LedgerEntry } from '../../ledger/entry.ts'
import { parseProof } from '../../ledger/proof-file.ts'
import { leafHash, rootFromInclusion } from '../../ledger/tree.ts'
import { callApi } from '../api.ts'
import {
	type ExitCode,
	type Parsed,
	requirePositional,
	type Terminal,
	textOption,
	UsageError,
} from '../command.ts'
import { readEntries } from './entries.ts'
import { readKey } from './verify.ts'

export const proveHelp = `       plumbline audit prove entry INDEX [--out FILE] [--key KEY] [--json]
       plumbline audit prove prediction MODEL ID [--out FILE] [--key KEY] [--json]
       plumbline audit prove report ID [--out FILE] [--key KEY] [--json]

Print the proof that the signed ledger has an entry, a prediction or a report, and check it. Of an entry and a report it is
a .tlog-proof (C2SP tlog-proof), of a prediction the JSON with the row, its entry and that proof.

  --out FILE          write it to FILE, which must not exist
  --key KEY           check it with this verifier key; otherwise with the one that the service names, which proves nothing
                      about the service itself

Exit codes: 0 the proof holds, 1 it does not, 2 there is none.
`

const fromHex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'))

type Proven = { index: number; entry: string; proof: string; row?: RowProof }

/** `plumbline audit prove` */
export async function prove(terminal: Terminal, args: Parsed): Promise<ExitCode> {
	const proven = await readProof(terminal, args)
	const fault = (proven.row && rowFault(proven.row)) ?? (await entryFault(terminal, args, proven))
	const text = proven.row ? `${JSON.stringify(proven.row, null, 2)}\n` : proven.proof
	const out = textOption(args, 'out')
	if (out !== undefined) await write(out, text)
	if (args.values.json)
		terminal.out(
			`${JSON.stringify({ ...proven, holds: fault === undefined, ...(fault ? { fault } : {}) })}\n`,
		)
	else if (out === undefined) terminal.out(text)
	terminal.err(
		fault === undefined
			? `The proof holds: entry ${proven.index} is in the signed ledger.\n`
			: `The proof does not hold: ${fault}\n`,
	)
	return fault === undefined ? 0 : 1
}

async function readProof(terminal: Terminal, args: Parsed): Promise<Proven> {
	const kind = requirePositional(args, 1, 'entry, prediction or report')
	const first = requirePositional(
		args,
		2,
		kind === 'entry' ? 'The index of the entry' : kind === 'report' ? 'The id of the report' : 'The model',
	)
	if (kind === 'entry') {
		if (!/^\d{1,15}$/.test(first)) throw new UsageError(`${first} is not the index of an entry.`)
		return entryProof(terminal, Number(first))
	}
	if (kind === 'report') return reportProof(terminal, first)
	if (kind !== 'prediction')
		throw new UsageError(`Only an entry, a prediction or a report has a proof, not "${kind}".`)
	const id = requirePositional(args, 3, 'The id of the prediction')
	const path = `/v1/models/${encodeURIComponent(first)}/predictions/${encodeURIComponent(id)}/proof`
	const row = (await callApi(terminal, 'GET', path)).body as RowProof
	if (row.proof === null)
		throw new AppError('unavailable', 'The service has no key, so its ledger is not signed.')
	return { index: row.entry.index, entry: row.entry.text, proof: row.proof, row }
}

async function entryProof(terminal: Terminal, index: number): Promise<Proven> {
	const proof = String((await callApi(terminal, 'GET', `/v1/audit/proofs/${index}`)).body)
	const query = new URLSearchParams({ after: String(index - 1), limit: '1' })
	const [found] = (await readEntries(terminal, query)).items
	if (found?.index !== index)
		throw new AppError('not-found', `Entry ${index} cannot be read with this key: it is about another model.`)
	return { index, entry: found.entry, proof }
}

async function reportProof(terminal: Terminal, id: string): Promise<Proven> {
	for (const action of ['sign-report', 'create-report']) {
		const query = new URLSearchParams({ object: `report:${id}`, action, order: 'newest', limit: '1' })
		const [found] = (await readEntries(terminal, query)).items
		if (found) return entryProof(terminal, found.index)
	}
	throw new AppError('not-found', `The ledger has no entry of a report ${id}.`)
}

/** Why the row does not lead to the root that its entry has. */
function rowFault({ row, entry }: RowProof): string | undefined {
	const leaf = fromHex(row.leaf)
	if (row.key !== null && row.payload !== null) {
		const made = hmac(sha256, fromHex(row.key), utf8(row.payload))
		if (!sameBytes(made, leaf)) return 'the leaf is not the HMAC of the payload.'
	}
	const root = rootFromInclusion(leafHash(leaf), row.index, row.size, row.hashes.map(fromHex))
	const { details } = JSON.parse(entry.text) as LedgerEntry
	return root && toHex(root) === details?.root
		? undefined
		: 'the row does not lead to the root that its entry names.'
}

/** Why the entry is not in the signed tree. */
async function entryFault(
	terminal: Terminal,
	args: Parsed,
	{ index, entry, proof: text }: Proven,
): Promise<string | undefined> {
	const proof = parseProof(text)
	if (proof?.index !== index) return 'it is not a proof of this entry.'
	const { size, root } = proof.note.checkpoint
	const reached = rootFromInclusion(leafHash(entry), index, size, proof.hashes)
	if (!reached || !sameBytes(reached, root)) return 'the entry does not lead to the root of the checkpoint.'
	const given = textOption(args, 'key')
	const key = given === undefined ? await keyOfService(terminal) : await readKey(given)
	return (await isSignedBy(proof.note, key))
		? undefined
		: `the checkpoint is not signed with ${formatVerifierKey(key)}.`
}

async function keyOfService(terminal: Terminal) {
	const { body } = await callApi(terminal, 'GET', '/v1/audit/key')
	const key = parseVerifierKey(typeof body === 'string' ? body : String((body as { key?: string }).key))
	if (!key) throw new AppError('unavailable', 'The service names no verifier key. Give one with --key.')
	return key
}

async function write(path: string, text: string): Promise<void> {
	try {
		await writeFile(path, text, { flag: 'wx' })
	} catch (cause) {
		const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
		throw new AppError(
			exists ? 'conflict' : 'unavailable',
			exists
				? `${path} already exists and is not overwritten.`
				: `${path} cannot be written: ${(cause as Error).message}.`,
			{ cause },
		)
	}
}
