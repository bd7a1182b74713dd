import { afterAll, expect } from 'vitest'
import type { Context } from '../../../src/context.ts'
import { commit } from '../../../src/db/commit.ts'
import { anchorCheckpoint, anchorsOf } from '../../../src/evidence/ledger/anchors.ts'
import { newestCheckpoint } from '../../../src/evidence/ledger/checkpoint.ts'
import { parseCheckpoint } from '../../../src/ledger/checkpoint.ts'
import { checkpointPost } from '../../../src/slack/delivery/posts.ts'
import { withContext } from '../../support/fixtures.ts'
import { testLedgerKey } from '../../support/ledger-key.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { startAuthority } from '../../support/timestamp-authority.ts'
import { startWitness } from '../../support/witness.ts'

const test = withContext()
const authority = await startAuthority(temporaryFolder())
const witness = await startWitness(testLedgerKey().verifier)
afterAll(() => Promise.all([authority.close(), witness.close()]))

const settings = { PLUMBLINE_LEDGER_WITNESS: witness.url, PLUMBLINE_LEDGER_WITNESS_KEY: witness.key }

const add = (context: Context, count = 1) =>
	commit(
		context,
		{ id: 'cli', how: 'cli' },
		Array.from({ length: count }, (_, i) => ({ action: 'note', object: `thing:${i}` })),
		[],
	)
const openIncidents = async (context: Context) =>
	(
		await context.sql.all<{ about: string }>({
			sql: "SELECT about FROM incident WHERE status <> 'resolved' ORDER BY about",
		})
	).map(({ about }) => about)
const kept = async (context: Context, kind: string) =>
	context.sql.all<{ size: number; proof: Uint8Array }>({
		sql: 'SELECT size, proof FROM ledger_anchor WHERE kind = ? ORDER BY size DESC',
		params: [kind],
	})

test('a witness cosigns each checkpoint that is consistent with the one before', async ({ context }) => {
	context.anchors = anchorsOf(settings)
	for (const count of [3, 300, 1]) {
		await add(context, count)
		const { size, anchored, failed } = await anchorCheckpoint(context)
		expect([anchored, failed]).toEqual([['witness'], []])
		expect(witness.seen()?.size).toBe(size)
		const [row] = await kept(context, 'witness')
		expect([row?.size, new TextDecoder().decode(row?.proof)]).toEqual([
			size,
			expect.stringMatching(/^\u2014 witness\.example\/w1 \S+\n$/),
		])
	}
})

test('a witness that has seen another size says so, and is asked again from there', async ({ context }) => {
	witness.forget(undefined)
	await add(context)
	expect((await anchorCheckpoint(context)).anchored).toEqual(['witness'])
})

test('a witness that has seen a larger tree shows that the database is an older copy', async ({
	context,
}) => {
	const before = witness.seen()
	witness.forget({ origin: 'plumbline', size: 9999, root: new Uint8Array(32) })
	await add(context)
	expect((await anchorCheckpoint(context)).failed).toEqual(['witness'])
	expect(await openIncidents(context)).toEqual(['ledger-anchor:witness'])
	const [note] = await context.sql.all<{ what: string }>({
		sql: "SELECT what FROM incident_event WHERE what LIKE '%9999%'",
	})
	expect(note?.what).toContain('the database is an older copy')
	witness.forget(before)
	await anchorCheckpoint(context)
	expect(await openIncidents(context)).toEqual([])
})

test('a cosignature of something else is refused', async ({ context }) => {
	witness.state.isForger = true
	await add(context)
	expect((await anchorCheckpoint(context)).failed).toEqual(['witness'])
	witness.state.isForger = false
	await anchorCheckpoint(context)
})

test('a time stamp is kept that openssl verifies, and nothing else is', async ({ context }) => {
	context.anchors = anchorsOf({ PLUMBLINE_LEDGER_TSA: authority.url })
	await add(context)
	expect((await anchorCheckpoint(context)).anchored).toEqual(['timestamp'])
	const text = parseCheckpoint((await newestCheckpoint(context))?.note ?? '')?.text ?? ''
	const stamp = (await kept(context, 'timestamp'))[0]?.proof ?? new Uint8Array()
	expect(authority.verify(text, stamp)).toContain('Verification: OK')
	await add(context)
	// Of another checkpoint; and no response at all.
	for (const bytes of [stamp, Buffer.from('hello')]) {
		authority.answerWith(bytes)
		expect((await anchorCheckpoint(context)).failed).toEqual(['timestamp'])
	}
	expect(await openIncidents(context)).toEqual(['ledger-anchor:timestamp'])
	authority.answerWith(undefined)
	expect((await anchorCheckpoint(context)).anchored).toEqual(['timestamp'])
	expect(await openIncidents(context)).toEqual([])
})

test('one that fails stops no other, and each checkpoint is a message for Slack', async ({ context }) => {
	context.anchors = {
		...anchorsOf({ PLUMBLINE_LEDGER_TSA: authority.url }),
		witness: { url: 'http://127.0.0.1:1', key: testLedgerKey().verifier },
	}
	await add(context)
	const { size, anchored, failed } = await anchorCheckpoint(context)
	expect([anchored, failed]).toEqual([['timestamp'], ['witness']])
	const messages = await context.sql.all<{ payload: string }>({
		sql: "SELECT payload FROM outbox WHERE kind = 'checkpoint' ORDER BY id DESC LIMIT 1",
	})
	expect(messages.map(({ payload }) => JSON.parse(payload))).toEqual([{ size }])
	const post = await checkpointPost(context, { size, channel: 'C1' })
	expect(JSON.stringify(post.message)).toContain(`plumbline\\n${size}\\n`)
})

test('a witness needs a key that it cosigns with', () => {
	for (const key of [undefined, 'x', witness.key.replace('w1+', 'w2+')])
		expect(() => anchorsOf({ ...settings, PLUMBLINE_LEDGER_WITNESS_KEY: key })).toThrow(
			'PLUMBLINE_LEDGER_WITNESS_KEY must be the verifier key of the witness',
		)
})
