import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readCipherKeys } from '../../core/cipher.ts'
import { AppError } from '../../core/errors.ts'
import { openDatabase } from '../../db/database.ts'
import type { Verification } from '../../evidence/ledger/verification.schema.ts'
import { verifyDatabase } from '../../evidence/ledger/verify-database.ts'
import { openLibsqlLog } from '../../log/libsql-log-node.ts'
import { checkpointFileOf } from '../../platform/node/ledger-key.ts'
import { artifactFolder, folderStore } from '../../platform/node/open-artifacts.ts'
import { secretReader } from '../../platform/node/read-secret.ts'
import type { Terminal } from '../command.ts'
import { checkDatabase } from '../copy.ts'
import type { VerifyInput } from './verify-input.ts'

const migrations = fileURLToPath(new URL('../../../migrations', import.meta.url))

/** Verifies the log of a database file, also while a service uses it. */
export async function verifyDatabaseFile(
	{ config }: Terminal,
	url: string,
	input: VerifyInput,
): Promise<Verification> {
	const path = url.slice('file:'.length)
	if (!existsSync(path)) throw new AppError('not-found', `There is no database ${path}.`)
	await checkDatabase(path, migrations, path)
	const given = config.PLUMBLINE_DATA_KEY ?? []
	const dataKeys = await readCipherKeys('PLUMBLINE_DATA_KEY', given, secretReader(process.env))
	const { sql, log } = await openLibsqlLog(url, dataKeys).catch((cause) => {
		const what = `The rows of ${path} (its table log_chunk) cannot be opened: ${(cause as Error).message}.`
		throw new AppError('unavailable', `${what} Restore it from a backup.`, { cause })
	})
	try {
		// All reads see the same state, whatever a service does meanwhile.
		await sql.all({ sql: 'BEGIN' })
		const artifacts = folderStore(
			artifactFolder({ url: undefined, s3: undefined, files: undefined, hosts: [] }, url) as string,
		)
		const kept = checkpointFileOf(url)
		const context = { sql, db: openDatabase(sql), log, artifacts, ...(kept ? { checkpointFile: kept } : {}) }
		return await verifyDatabase(context, input)
	} finally {
		await log.close()
	}
}
