import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../../core/errors.ts'
import { databasePath } from '../../db/file-sql-node.ts'
import { newKeyPem } from '../../evidence/ledger/key-from-pem.ts'
import type { KeySource } from '../../evidence/ledger/open-key.ts'
import type { CheckpointFile } from '../../ports/ledger-key.ts'

const maxBytes = 16 * 1024
const isWindows = process.platform === 'win32'

/** Where the key is: in the file of the setting, or beside a database file, where it is made when there is none. */
export function ledgerKeySource(setting: string | undefined, databaseUrl: string): KeySource | undefined {
	if (setting?.startsWith('-----'))
		throw new AppError('invalid', 'PLUMBLINE_LEDGER_KEY must be the path of a key file, not the key itself.')
	if (setting !== undefined)
		return keyFile(setting, `The key file ${JSON.stringify(setting)} (PLUMBLINE_LEDGER_KEY)`)
	if (!databaseUrl.startsWith('file:')) return undefined
	const path = `${databasePath(databaseUrl)}-ledger.key`
	const source = keyFile(path, `The key file ${JSON.stringify(path)}`)
	const create = async () => {
		await createKeyFile(path)
		return (await source.read()) as string
	}
	return { ...source, create }
}

export const keyFile = (path: string, where: string): KeySource => ({
	where,
	read: () => readKeyFile(path, where),
})

async function readKeyFile(path: string, where: string): Promise<string | undefined> {
	try {
		const info = await stat(path)
		const fault = (what: string) => new AppError('invalid', `${where} ${what}`)
		if (info.isDirectory()) throw fault('is a folder. Name the file in it.')
		if (!info.isFile()) throw fault('is not a regular file.')
		if (info.size > maxBytes) throw fault(`has ${info.size} bytes, so it is not a key.`)
		const mode = info.mode & 0o777
		if (!isWindows && (mode & 0o077) !== 0)
			throw fault(
				`can be used by others: its mode is ${mode.toString(8).padStart(4, '0')}. Run \`chmod 600\` on it.`,
			)
		return await readFile(path, 'utf8')
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException
		if (error instanceof AppError) throw error
		if (code === 'ENOENT') return undefined
		throw new AppError('invalid', `${where} cannot be read: ${message}.`, { cause: error })
	}
}

/** Makes a new key, of mode 0600. A process that was faster has made it: then that one stays. */
export async function createKeyFile(path: string): Promise<void> {
	const part = `${path}.${randomUUID()}.part`
	try {
		await writeDurably(part, await newKeyPem(), 0o600)
		// Unlike rename, it never replaces a file.
		await link(part, path)
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(path)) return
		throw new AppError(
			'unavailable',
			`The key file ${JSON.stringify(path)} cannot be made: ${(error as Error).message}. Set PLUMBLINE_LEDGER_KEY to a key file.`,
			{ cause: error },
		)
	} finally {
		await rm(part, { force: true })
	}
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
	const file = await open(path, 'wx', mode)
	try {
		await file.writeFile(text)
		await file.sync()
	} finally {
		await file.close()
	}
}

/** The newest checkpoint, beside a database file. */
export function checkpointFileOf(databaseUrl: string): CheckpointFile | undefined {
	if (!databaseUrl.startsWith('file:')) return undefined
	const path = `${databasePath(databaseUrl)}-ledger.checkpoint`
	return {
		path,
		async read() {
			try {
				return await readFile(path, 'utf8')
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
				throw new AppError('unavailable', `${path} cannot be read: ${(error as Error).message}.`, {
					cause: error,
				})
			}
		},
		async write(note) {
			const part = `${path}.${randomUUID()}.part`
			try {
				await writeDurably(part, note, 0o644)
				await rename(part, path)
				const folder = await open(dirname(path), 'r').catch(() => undefined)
				await folder?.sync().catch(() => {})
				await folder?.close()
			} catch (error) {
				await rm(part, { force: true })
				throw new AppError('unavailable', `${path} cannot be written: ${(error as Error).message}.`, {
					cause: error,
				})
			}
		},
	}
}
