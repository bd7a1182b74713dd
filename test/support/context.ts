import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '../../src/context.ts'
import type { CipherKeys } from '../../src/core/cipher.ts'
import { defaultLimits } from '../../src/core/limits.ts'
import { openDatabase } from '../../src/db/database.ts'
import { migrate, openSql } from '../../src/db/open-node.ts'
import { reportKinds } from '../../src/evidence/reports/sign-report.ts'
import { ownExecutors } from '../../src/execution/own-executors.ts'
import { finishExecutions } from '../../src/execution/wake-up.ts'
import { openLibsqlLog } from '../../src/log/libsql-log-node.ts'
import { loadLaw } from '../../src/platform/node/load-law.ts'
import { openArtifacts } from '../../src/platform/node/open-artifacts.ts'
import { secretReader } from '../../src/platform/node/read-secret.ts'
import { modelCache } from '../../src/registry/artifact/model-cache.ts'
import { nobody } from '../../src/registry/person/people-file.ts'
import { testLedgerKey, testLedgerPem } from './ledger-key.ts'
import { defaultPolicies } from './policies.ts'

const law = await loadLaw()

export const startOfTest = Date.parse('2026-03-02T00:00:00Z')

/**
 * A context on a fresh file database, or on one that `write` puts into the folder as `test.db`, with a clock that only
 * moves when told.
 */
export async function testContext(
	options: Partial<Context> = {},
	write?: (folder: string) => void,
	dataKeys: CipherKeys = [],
) {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-'))
	write?.(folder)
	const url = `file:${join(folder, 'test.db')}`
	// A command that acts on the same file signs with the same key.
	await writeFile(join(folder, 'test.db-ledger.key'), testLedgerPem(), { mode: 0o600 })
	const first = await openSql(url)
	await migrate(first, new URL('../../migrations', import.meta.url).pathname)
	await first.close()
	const { sql, log } = await openLibsqlLog(url, dataKeys)
	let [wall, monotonic] = [startOfTest, 0]
	const clock = {
		get now() {
			return wall
		},
		set now(to: number) {
			monotonic += Math.max(0, to - wall)
			wall = to
		},
		advance(ms: number) {
			clock.now += ms
		},
		/** Sets the wall clock alone, as somebody or a time server does. */
		jump(ms: number) {
			wall += ms
		},
	}
	const context: Context = {
		sql,
		db: openDatabase(sql),
		log,
		...openArtifacts({ url: undefined, s3: undefined, files: folder, hosts: [] }, url),
		models: modelCache(defaultLimits.modelCacheBytes, () => clock.now),
		now: () => clock.now,
		monotonic: () => monotonic,
		random: (count) => new Uint8Array(randomBytes(count)),
		fetch: globalThis.fetch,
		logger: { info() {}, warn() {}, error() {} },
		limits: defaultLimits,
		publicUrl: 'http://127.0.0.1:8787',
		rules: {
			current: () => ({ digest: '', rules: [] }) as unknown as ReturnType<Context['rules']['current']>,
		},
		policies: { current: () => defaultPolicies },
		law,
		executors: {},
		people: { current: () => nobody },
		readSecret: secretReader(process.env),
		ledgerKey: testLedgerKey(),
		...options,
	}
	context.executors = { ...ownExecutors(context), ...reportKinds(context), ...context.executors }
	return {
		context,
		clock,
		url,
		folder,
		async close() {
			await finishExecutions(context)
			await log.close()
			await rm(folder, { recursive: true, force: true })
		},
	}
}

export type TestInstance = Awaited<ReturnType<typeof testContext>>
export type TestClock = TestInstance['clock']
