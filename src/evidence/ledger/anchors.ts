import { sha256 } from '@noble/hashes/sha2.js'
import { desc, eq } from 'drizzle-orm'
import { openIncidentOnce, resolveIncidentAbout } from '../../alerting/incident/incident-without-rule.ts'
import type { Context } from '../../context.ts'
import { toBase64, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { peerText } from '../../core/peer-text.ts'
import { secondMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { outboxInsert } from '../../db/outbox.ts'
import { ledgerAnchors } from '../../db/schema.ts'
import { type ParsedNote, parseCheckpoint } from '../../ledger/checkpoint.ts'
import { cosignedAt, parseWitnessKey } from '../../ledger/cosignature.ts'
import { readTimestamp, timestampRequest } from '../../ledger/timestamp.ts'
import { consistencyProof } from '../../ledger/tree.ts'
import type { LedgerAnchors } from '../../ports/ledger-key.ts'
import { serviceModel } from '../../rules/rule-set.ts'
import { checkpoint, type SignedCheckpoint } from './checkpoint.ts'
import { readNodes } from './stored-tiles.ts'

const anchorer = { id: 'job:anchor', how: 'job' } as const
const waitMs = 30 * secondMs
const maxAnswerBytes = 64 * 1024

/** Where checkpoints are anchored, from the settings. Throws `invalid`. */
export function anchorsOf(settings: {
	PLUMBLINE_LEDGER_WITNESS?: string | undefined
	PLUMBLINE_LEDGER_WITNESS_KEY?: string | undefined
	PLUMBLINE_LEDGER_TSA?: string | undefined
}): LedgerAnchors {
	const {
		PLUMBLINE_LEDGER_WITNESS: url,
		PLUMBLINE_LEDGER_WITNESS_KEY: text,
		PLUMBLINE_LEDGER_TSA: tsa,
	} = settings
	const authority = tsa === undefined ? {} : { timestampUrl: tsa }
	if (url === undefined) return authority
	const key = parseWitnessKey(text ?? '')
	if (key) return { ...authority, witness: { url, key } }
	throw new AppError(
		'invalid',
		'PLUMBLINE_LEDGER_WITNESS_KEY must be the verifier key of the witness: name+hex+base64, with Ed25519 cosignatures (type 0x04).',
	)
}

/**
 * Leaves the newest checkpoint with others, so that nobody can take it back: in Slack, with a witness, with a time-stamping
 * authority. One that fails opens an incident and stops no other.
 */
export async function anchorCheckpoint(
	context: Context,
): Promise<{ size: number; anchored: string[]; failed: string[] }> {
	const made = await checkpoint(context)
	const note = parseCheckpoint(made?.note ?? '')
	const result = { size: made?.size ?? 0, anchored: [] as string[], failed: [] as string[] }
	if (!made || !note) return result
	const { witness, timestampUrl } = context.anchors ?? {}
	const message = outboxInsert(context.now(), {
		key: `checkpoint:${made.size}`,
		kind: 'checkpoint',
		payload: { size: made.size },
	})
	await commit(context, anchorer, [], [message])
	const anchors = {
		...(witness ? { witness: () => callWitness(context, witness, made, note) } : {}),
		...(timestampUrl === undefined ? {} : { timestamp: () => requestTimestamp(context, timestampUrl, note) }),
	}
	for (const [kind, request] of Object.entries(anchors) as [Kind, () => Promise<Uint8Array>][])
		if (await anchor(context, kind, made.size, request)) result.anchored.push(kind)
		else result.failed.push(kind)
	return result
}

type Kind = 'witness' | 'timestamp'
const names = { witness: 'the witness', timestamp: 'the time-stamping authority' } as const

async function anchor(
	context: Context,
	kind: Kind,
	size: number,
	request: () => Promise<Uint8Array>,
): Promise<boolean> {
	const about = `ledger-anchor:${kind}`
	try {
		const proof = await request()
		const query = context.db
			.insert(ledgerAnchors)
			.values({ kind, size, at: context.now(), proof })
			.onConflictDoNothing()
		await commit(context, anchorer, [], [{ query }])
		await resolveIncidentAbout(context, anchorer, about, `${names[kind]} has taken a checkpoint`)
		return true
	} catch (error) {
		const reason = error instanceof AppError ? error.message : peerText(error)
		context.logger.warn('a checkpoint could not be anchored', { kind, size, error: reason })
		await openIncidentOnce(context, anchorer, {
			about,
			model: serviceModel,
			environment: '',
			severity: 'warning',
			title: `the checkpoint of the ledger could not be left with ${names[kind]}`,
			notes: [reason],
		})
		return false
	}
}

const failure = (kind: Kind, what: string) => new AppError('unavailable', `${names[kind]} ${what}.`)

/** Sends to a peer, and reads at most 64 KB of what it answers. */
async function post(
	context: Context,
	url: string,
	body: string | Uint8Array<ArrayBuffer>,
	type: string,
): Promise<{ status: number; bytes: Uint8Array }> {
	const response = await context.fetch(url, {
		method: 'POST',
		headers: { 'content-type': type },
		body,
		redirect: 'manual',
		signal: AbortSignal.timeout(waitMs),
	})
	const bytes = new Uint8Array(await response.arrayBuffer())
	return { status: response.status, bytes: bytes.subarray(0, maxAnswerBytes) }
}

/** C2SP tlog-witness, add-checkpoint: the cosignature of the witness, with a proof from the last one that it has seen. */
async function callWitness(
	context: Context,
	{ url, key }: NonNullable<LedgerAnchors['witness']>,
	{ note, size }: SignedCheckpoint,
	parsed: ParsedNote,
): Promise<Uint8Array> {
	const [last] = await context.db
		.select({ size: ledgerAnchors.size })
		.from(ledgerAnchors)
		.where(eq(ledgerAnchors.kind, 'witness'))
		.orderBy(desc(ledgerAnchors.size))
		.limit(1)
	const send = async (old: number) => {
		const proof = await consistencyProof(readNodes(context, size), old, size)
		const lines = [`old ${old}`, ...proof.map(toBase64), '', note].join('\n')
		return post(context, `${url}/add-checkpoint`, lines, 'text/plain; charset=utf-8')
	}
	let { status, bytes } = await send(Math.min(last?.size ?? 0, size))
	const seen = new TextDecoder().decode(bytes)
	if (status === 409 && /^\d{1,15}\n?$/.test(seen)) {
		if (Number(seen) > size)
			throw failure(
				'witness',
				`has seen a checkpoint of ${Number(seen)} entries, and the ledger has ${size}: the database is an older copy`,
			)
		;({ status, bytes } = await send(Number(seen)))
	}
	const lines = new TextDecoder().decode(bytes)
	if (status !== 200) throw failure('witness', `answered ${status}: ${lines.slice(0, 200).trim()}`)
	if ((await cosignedAt(parsed, lines, key)) === undefined)
		throw failure('witness', 'has not cosigned the checkpoint with the key PLUMBLINE_LEDGER_WITNESS_KEY')
	return utf8(lines)
}

const nonceBytes = 16

/** RFC 3161: a time stamp of the text of the checkpoint, which its signatures are made of. */
async function requestTimestamp(context: Context, url: string, { text }: ParsedNote): Promise<Uint8Array> {
	const digest = sha256(utf8(text))
	const nonce = context.random(nonceBytes)
	const { status, bytes } = await post(
		context,
		url,
		timestampRequest(digest, nonce),
		'application/timestamp-query',
	)
	if (status !== 200) throw failure('timestamp', `answered ${status}`)
	const read = readTimestamp(bytes, digest, nonce)
	if (!read.ok) throw failure('timestamp', `sent a response that is refused: ${read.reason}`)
	return bytes
}
