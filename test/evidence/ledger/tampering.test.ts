import { describe, expect } from 'vitest'
import type { Verification } from '../../../src/evidence/ledger/verification.schema.ts'
import { verifyDatabase } from '../../../src/evidence/ledger/verify-database.ts'
import { withServer } from '../../support/fixtures.ts'
import { type GovernedServer, governedServer, outsideView } from '../../support/governed-server.ts'
import { testLedgerKey } from '../../support/ledger-key.ts'

const it = withServer(governedServer)
const key = testLedgerKey().verifier

/** Changes the database behind the ledger's back, looks at it as an outsider does, and takes the change back. */
async function tampered(
	{ context, ...server }: GovernedServer,
	...statements: string[]
): Promise<Verification> {
	const run = (sql: string) => context.sql.all({ sql })
	await run('BEGIN')
	try {
		for (const sql of statements) await run(sql)
		return await verifyDatabase(outsideView({ context, ...server }), { key })
	} finally {
		await run('ROLLBACK')
	}
}

/** As somebody does who knows of the triggers. */
const unnoticed = 'DELETE FROM ledger_touched'

it('a ledger that nobody has touched is verified, with all that it commits to', async ({ server }) => {
	const found = await verifyDatabase(outsideView(server), { key })
	expect(found).toMatchObject({ status: 'verified', failures: [] })
	expect(found.entries).toBe(found.size)
	expect(found.entries).toBeGreaterThan(300)
	expect(found.records).toBeGreaterThan(50)
})

type Case = [what: string, where: RegExp, ...statements: string[]]

const entries: Case[] = [
	[
		'the text of an entry',
		/^entry 3: Its text is not the one/,
		`UPDATE ledger_entry SET entry = replace(entry, 'key', 'kex') WHERE idx = 3`,
	],
	[
		'the actor of an entry',
		/^entry 3: Its columns actor/,
		`UPDATE ledger_entry SET actor = 'key:eve' WHERE idx = 3`,
	],
	[
		'the action of an entry',
		/^entry 3: Its columns action/,
		`UPDATE ledger_entry SET action = 'note' WHERE idx = 3`,
	],
	[
		'the object of an entry',
		/^entry 3: Its columns object/,
		`UPDATE ledger_entry SET object = 'model:x' WHERE idx = 3`,
	],
	['the time of an entry', /^entry 3: Its columns at/, 'UPDATE ledger_entry SET at = at - 1 WHERE idx = 3'],
	[
		'the model of an entry',
		/^entry 3: Its columns model/,
		`UPDATE ledger_entry SET model = 'x' WHERE idx = 3`,
	],
	[
		'the leaf hash of an entry',
		/^entry 3: Its text does not have its leaf hash/,
		`UPDATE ledger_entry SET leaf_hash = x'00' WHERE idx = 3`,
	],
	['a deleted entry in the middle', /^entry 20: It is missing/, 'DELETE FROM ledger_entry WHERE idx = 20'],
	['the deleted tail', /^entry 290: It is missing/, 'DELETE FROM ledger_entry WHERE idx >= 290'],
	['all entries deleted', /^entry 0: It is missing/, 'DELETE FROM ledger_entry'],
	[
		'two entries swapped',
		/^entry 30: Its text is not the one/,
		'UPDATE ledger_entry SET idx = -1 WHERE idx = 30',
		'UPDATE ledger_entry SET idx = 30 WHERE idx = 31',
		'UPDATE ledger_entry SET idx = 31 WHERE idx = -1',
	],
	[
		'an entry that is zeroed',
		/^entry 40: Its text is not/,
		`UPDATE ledger_entry SET entry = x'00000000' WHERE idx = 40`,
	],
	[
		'an entry that is replayed at the end',
		/^entries from \d+: 1 entry is not covered/,
		`INSERT INTO ledger_entry SELECT (SELECT max(idx) + 1 FROM ledger_entry), at, actor, action, object, model, entry, leaf_hash, NULL
			FROM ledger_entry WHERE idx = 5`,
	],
	[
		'an entry before the first',
		/^ledger_entry: 1 entries have a negative index/,
		`INSERT INTO ledger_entry
		SELECT -1, at, actor, action, object, model, entry, leaf_hash, NULL FROM ledger_entry WHERE idx = 5`,
	],
	[
		'an entry without its MAC',
		/^entry 50: It was not written by a process/,
		'UPDATE ledger_entry SET mac = NULL WHERE idx = 50',
	],
	[
		'the MAC of another entry',
		/^ledger_entry: 1 entries have the MAC of another/,
		'DROP INDEX ledger_entry_mac',
		'UPDATE ledger_entry SET mac = (SELECT mac FROM ledger_entry WHERE idx = 50) WHERE idx = 51',
	],
]

const tiles: Case[] = [
	[
		'a hash of a tile',
		/^tile\/0\/000: Its hash of entry 7/,
		`UPDATE ledger_tile SET hashes = CAST(substr(hashes, 1, 224) || zeroblob(32) || substr(hashes, 257) AS BLOB) WHERE level = 0 AND n = 0`,
	],
	[
		'a tile that is cut off',
		/^tile\/0\/000: It has 100 bytes/,
		'UPDATE ledger_tile SET hashes = substr(hashes, 1, 100) WHERE level = 0 AND n = 0',
	],
	[
		'a tile above',
		/^tile\/1\/000.p\/1: Its hash 0 is not that of the entries 0 to 255/,
		'UPDATE ledger_tile SET hashes = zeroblob(32) WHERE level = 1',
	],
	[
		'a deleted tile',
		/^tile\/0\/001.p\/\d+: It is missing/,
		'DELETE FROM ledger_tile WHERE level = 0 AND n = 1',
	],
	[
		'an entry with its tile and its leaf hash',
		/^entry 60: Its text is not that of the hash in its tile/,
		`UPDATE ledger_entry SET entry = replace(entry, 'thing', 'think'), leaf_hash = zeroblob(32) WHERE idx = 60`,
		'UPDATE ledger_tile SET hashes = CAST(substr(hashes, 1, 1920) || zeroblob(32) || substr(hashes, 1953) AS BLOB) WHERE level = 0 AND n = 0',
	],
]

const checkpoints: Case[] = [
	[
		'the newest checkpoint deleted',
		/entr(y is|ies are) not covered/,
		'DELETE FROM ledger_checkpoint WHERE size = (SELECT max(size) FROM ledger_checkpoint)',
	],
	['all checkpoints deleted', /^checkpoint: There is no signed checkpoint/, 'DELETE FROM ledger_checkpoint'],
	[
		'a signature',
		/^checkpoint: (The signature|It is not signed)/,
		`UPDATE ledger_checkpoint SET note = substr(note, 1, length(note) - 10) || 'AAAAAAAA' || substr(note, -2)`,
	],
	[
		'the root that is signed',
		/^checkpoint: The root of the/,
		`UPDATE ledger_checkpoint SET note = replace(note, substr(note, instr(note, char(10)) + 5, 8), 'AAAAAAAA') WHERE size = (SELECT max(size) FROM ledger_checkpoint)`,
	],
	[
		'an older checkpoint',
		/^stored checkpoint \d+: (The signature|It is not)/,
		`UPDATE ledger_checkpoint SET note = replace(note, 'plumbline', 'plumbling') WHERE size = (SELECT min(size) FROM ledger_checkpoint)`,
	],
	[
		'a checkpoint of no entries',
		/^checkpoint: The log has no entries|^stored checkpoint/,
		`UPDATE ledger_checkpoint SET note = 'plumbline' || char(10) || '0' || substr(note, instr(note, char(10)) + 4)`,
	],
]

const rows: Case[] = [
	[
		'the role of a key',
		/^access_key key_\S+: The row is not the one/,
		`UPDATE access_key SET role = 'admin' WHERE role = 'approver'`,
		unnoticed,
	],
	[
		'the role of a key, with the trigger',
		/^access_key key_\S+: the row was changed, but/,
		`UPDATE access_key SET role = 'admin' WHERE role = 'approver'`,
	],
	[
		'a revoked key that is active again',
		/^access_key key_admin: The row is not/,
		`UPDATE access_key SET revoked_at = 1 WHERE id = 'key_admin'`,
		unnoticed,
	],
	[
		'a new key',
		/^access_key key_eve: The row is not/,
		`INSERT INTO access_key (id, hash, name, role, models, created_at) VALUES ('key_eve', 'x', 'eve', 'admin', '["*"]', 1)`,
		unnoticed,
	],
	[
		'a new key without an id',
		/^access_key null: The row is not/,
		`INSERT INTO access_key (id, hash, name, role, models, created_at) VALUES (NULL, 'x', 'eve', 'admin', '["*"]', 1)`,
		unnoticed,
	],
	[
		'a deleted key',
		/^access_key key_\S+: The row was deleted/,
		`DELETE FROM access_key WHERE role = 'approver'`,
		unnoticed,
	],
	['the threshold of a model', /^model loans: The row is not/, 'UPDATE model SET threshold = 0.9', unnoticed],
	[
		'the risk tier of a model',
		/^model loans: The row is not/,
		`UPDATE model SET risk_tier = 'low'`,
		unnoticed,
	],
	[
		'the settings that a model had',
		/^model_history loans\/1: The row is not/,
		`UPDATE model_history SET settings = replace(settings, '0.5', '0.6')`,
		unnoticed,
	],
	[
		'what serves',
		/^deployment loans\/production\/1: The row is not/,
		`UPDATE deployment SET champion = '2' WHERE revision = 1`,
		unnoticed,
	],
	[
		'a deployment that is added',
		/^deployment loans\/production\/9: The row is not/,
		`INSERT INTO deployment (model, environment, revision, champion, since) VALUES ('loans', 'production', 9, '1', 1)`,
		unnoticed,
	],
	[
		'a forged approval',
		/^request_vote req_\S+\/eve: the row was added, but/,
		`INSERT INTO request_vote SELECT request, 'eve', 'key:eve', vote, reason, digest, break_glass, at FROM request_vote`,
	],
	[
		'a forged approval behind the triggers',
		/^request_vote req_\S+\/eve: The row is not/,
		`INSERT INTO request_vote SELECT request, 'eve', 'key:eve', vote, reason, digest, break_glass, at FROM request_vote`,
		unnoticed,
	],
	[
		'the status of a request',
		/^request req_\S+: The row is not/,
		`UPDATE request SET status = 'rejected'`,
		unnoticed,
	],
	[
		'the action of a request',
		/^request req_\S+: Its content does not have its digest/,
		`UPDATE request SET action = replace(action, '"to":"1"', '"to":"2"')`,
		unnoticed,
	],
	[
		'the end of an execution',
		/^execution req_\S+: The row is not/,
		`UPDATE execution SET error = 'no'`,
		unnoticed,
	],
	[
		'the end of a silence',
		/^silence sil_\S+: The row is not/,
		'UPDATE silence SET expires_at = expires_at + 1',
		unnoticed,
	],
	[
		'the features of a version',
		/^model_version loans\/1: The row is not/,
		`UPDATE model_version SET features = '[]' WHERE version = '1'`,
		unnoticed,
	],
	[
		'the digest of a model file',
		/^version_artifact loans\/1: The row is not/,
		`UPDATE version_artifact SET sha256 = '${'0'.repeat(64)}'`,
		unnoticed,
	],
	['a baseline', /^baseline loans\/1\/\S+: The row is not/, 'UPDATE baseline SET rows = 51', unnoticed],
	[
		'where a version came from',
		/^lineage_link artifact\/\S+: The row was deleted/,
		'DELETE FROM lineage_link',
		unnoticed,
	],
	[
		'a digest that the ledger commits to',
		/^ledger_state of entry \d+: The digests of rows are not/,
		'UPDATE ledger_state SET digest = zeroblob(32) WHERE position = 0',
	],
	[
		'a digest that is added',
		/^ledger_state of entry 3: There is no such entry/,
		`INSERT INTO ledger_state VALUES (3, 0, 'access_key', '["key_eve"]', zeroblob(32))`,
	],
	[
		'digests that are deleted',
		/^ledger_state of entry \d+: The digests of rows are not/,
		'DELETE FROM ledger_state WHERE position = 1',
	],
	[
		'a row of a table that is not governed',
		/^lease: ledger_touched names it/,
		`INSERT INTO ledger_touched (tbl, key) VALUES ('lease', '["x"]')`,
	],
	['a text where a number belongs', /^silence/, `UPDATE silence SET expires_at = x'ff'`, unnoticed],
]

const logged: Case[] = [
	['a deleted chunk', /rows \d+ of loans/, 'DELETE FROM log_chunk'],
	[
		'rows that no entry commits to',
		/^rows: No entry commits to/,
		'INSERT INTO log_unsealed SELECT chunk FROM log_sealed',
		'DELETE FROM log_sealed',
	],
	[
		'the hashes that proofs are made from',
		/^rows 1 of loans.*stored hashes/,
		'UPDATE log_seal SET blocks = zeroblob(32)',
	],
	[
		'a mark of a row that has no key',
		/^access_key: ledger_touched names a row by what is not its key/,
		"INSERT INTO ledger_touched (tbl, key) VALUES ('access_key', 'no key')",
	],
	['the root of a batch', /^rows 1 of loans/, 'UPDATE log_seal SET root = zeroblob(32)'],
	[
		'the keys of a batch',
		/^rows 1 of loans/,
		'UPDATE log_seal SET keys = CAST(substr(keys, 1, 5) || zeroblob(32) AS BLOB)',
	],
	['a batch that is deleted', /^ledger entry \d+: The rows that it commits to/, 'DELETE FROM log_seal'],
]

for (const [kind, cases] of Object.entries({ entries, tiles, checkpoints, rows, logged }))
	describe(`tampering with ${kind}`, () => {
		for (const [what, where, ...statements] of cases)
			it(`is found and named: ${what}`, async ({ server }) => {
				const { status, failures } = await tampered(server, ...statements)
				expect(status).not.toBe('verified')
				expect(failures.map((f) => `${f.where}: ${f.what}`)).toContainEqual(expect.stringMatching(where))
			})
	})
