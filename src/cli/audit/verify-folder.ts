import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toVerification, type Verification } from '../../evidence/ledger/verification.schema.ts'
import { logOfFiles } from '../../ledger/log-files.ts'
import { verifyLog } from '../../ledger/verify-log.ts'
import type { VerifyInput } from './verify.ts'

/** Verifies a log in files at the paths of C2SP tlog-tiles. */
export async function verifyFolder(folder: string, input: VerifyInput): Promise<Verification> {
	const source = logOfFiles(async (path) => {
		try {
			return new Uint8Array(await readFile(join(folder, path)))
		} catch (error) {
			if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
				return undefined
			throw error
		}
	})
	return toVerification(await verifyLog(source, input), 0)
}
