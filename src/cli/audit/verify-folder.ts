import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { toVerification, type Verification } from '../../evidence/ledger/verification.schema.ts'
import { logOfFiles } from '../../ledger/log-files.ts'
import { type BundleFiles, isBundle, verifyBundle } from '../../ledger/verify-bundle.ts'
import { verifyLog } from '../../ledger/verify-log.ts'
import { openZip } from '../../platform/node/zip-reader.ts'
import type { VerifyInput } from './verify-input.ts'

/** Verifies the bundle of a report, or a log in files at the paths of C2SP tlog-tiles. */
export async function verifyFiles(files: BundleFiles, input: VerifyInput): Promise<Verification> {
	if (!isBundle(files)) {
		const log = await verifyLog(logOfFiles(files.read), input)
		const faults = files.faults.map((fault) => ({ kind: 'mismatch' as const, ...fault }))
		return toVerification({ ...log, failures: [...faults, ...log.failures] }, 0)
	}
	const { log, records } = await verifyBundle(files, input)
	return toVerification(log, records)
}

export async function verifyFolder(folder: string, input: VerifyInput): Promise<Verification> {
	const found = await readdir(folder, { recursive: true, withFileTypes: true })
	const paths = found
		.filter((file) => !file.isDirectory())
		.map((file) => relative(folder, join(file.parentPath, file.name)).split(sep).join('/'))
	const faults = found
		.filter((file) => !file.isDirectory() && !file.isFile())
		.map((file) => ({ where: file.name, what: 'It is not a regular file.' }))
	const known = new Set(paths)
	const read = async (path: string) =>
		known.has(path) ? new Uint8Array(await readFile(join(folder, path))) : undefined
	const digestOf = async (path: string) => {
		const hash = createHash('sha256')
		for await (const part of createReadStream(join(folder, path))) hash.update(part as Buffer)
		return hash.digest('hex')
	}
	return verifyFiles({ paths, faults, read, digestOf }, input)
}

export async function verifyArchive(path: string, input: VerifyInput): Promise<Verification> {
	const archive = await openZip(path)
	try {
		return await verifyFiles(archive, input)
	} finally {
		await archive.close()
	}
}
