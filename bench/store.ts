import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '../src/context.ts'
import { defaultLimits } from '../src/core/limits.ts'
import { openDatabase } from '../src/db/database.ts'
import { migrate, openSql } from '../src/db/open-node.ts'
import { openLibsqlLog } from '../src/log/libsql-log-node.ts'

export type Store = { context: Context; url: string; close(): Promise<void> }

/** A new database in its own folder, with a fixed clock. */
export async function openStore(now: number): Promise<Store> {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-bench-'))
	const url = `file:${join(folder, 'bench.db')}`
	const first = await openSql(url)
	await migrate(first, new URL('../migrations', import.meta.url).pathname)
	await first.close()
	const { sql, log } = await openLibsqlLog(url)
	const context = {
		sql,
		log,
		db: openDatabase(sql),
		now: () => now,
		monotonic: () => performance.now(),
		random: (n: number) => new Uint8Array(randomBytes(n)),
		logger: { info() {}, warn() {}, error: console.error },
		limits: defaultLimits,
	} as unknown as Context
	const close = async () => {
		await log.close()
		await rm(folder, { recursive: true, force: true })
	}
	return { context, url, close }
}
