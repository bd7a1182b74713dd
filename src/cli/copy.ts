import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { createClient } from '@libsql/client'
import { AppError } from '../core/errors.ts'
import { archiveReader } from '../log/maintain/archive-node.ts'

// Copies a database with its archive and its model files: checked, and in place completely or not at all.

/** The paths of the parts of a database. `artifacts` is undefined if model files are stored elsewhere. */
export type Parts = { database: string; archive: string; artifacts: string | undefined }

type Value = string | number | null

/** Runs a statement on a database file. Throws if the file is not a readable database. */
export async function runOn(path: string, sql: string, args: string[] = []): Promise<Value[][]> {
	const client = createClient({ url: `file:${path}`, timeout: 10_000 })
	try {
		const { rows } = await client.execute({ sql, args })
		return rows.map((row) => Array.from(row as ArrayLike<unknown>) as Value[])
	} catch (cause) {
		throw new AppError('unavailable', `${path} is damaged or cannot be read: ${(cause as Error).message}`, {
			cause,
		})
	} finally {
		client.close()
	}
}

const damaged = (path: string, why: string) => new AppError('unavailable', `${path} is damaged: ${why}`)

/**
 * Checks a copy: the database by its integrity check, archive and model files by digest, and the archive also by reading its
 * rows. Throws with the name of the first damaged file.
 */
export async function checkParts(parts: Parts, migrations: string, names: Parts = parts): Promise<void> {
	await checkDatabase(parts.database, migrations, names.database)
	await checkArchive(parts, names.archive)
	if (parts.artifacts !== undefined)
		await checkArtifacts(parts.database, parts.artifacts, names.artifacts ?? parts.artifacts)
}

/** Throws for a file that is damaged, is no database of Plumbline, or is one of a newer version. */
export async function checkDatabase(path: string, migrations: string, name: string): Promise<void> {
	const [[result] = []] = await runOn(path, 'PRAGMA integrity_check')
	if (result !== 'ok') throw damaged(name, String(result).split('\n')[0] ?? '')
	const tables = await runOn(path, "SELECT 1 FROM sqlite_master WHERE name = 'schema_migration'")
	if (tables.length === 0)
		throw new AppError('invalid', `${name} is not a database of Plumbline. Choose another file.`)
	const known = new Set(await readdir(migrations))
	const newer = (await runOn(path, 'SELECT name FROM schema_migration ORDER BY name'))
		.map(([migration]) => String(migration))
		.find((migration) => !known.has(migration))
	if (newer !== undefined)
		throw new AppError(
			'invalid',
			`${name} was written by a newer version of Plumbline (it has the migration ${newer}). Use that version.`,
		)
}

export const hasTable = async (path: string, name: string) =>
	(await runOn(path, 'SELECT 1 FROM sqlite_master WHERE name = ?', [name])).length > 0

async function checkArchive({ database, archive }: Parts, name: string): Promise<void> {
	const digest = (await hasTable(database, 'log_archive'))
		? '(SELECT sha256 FROM log_archive a WHERE a.file = c.file)'
		: 'NULL'
	const chunks = (await runOn(
		database,
		`SELECT file, ${digest}, file_row, rows FROM log_chunk c WHERE body IS NULL ORDER BY file, file_row`,
	)) as [string, string | null, number, number][]
	const reader = archiveReader(archive)
	try {
		for (const [file, sha256, first, rows] of chunks)
			await reader.read(file, sha256 ?? undefined, first, rows)
	} catch (error) {
		if (!(error instanceof AppError)) throw error
		const file = chunks.find(([path]) => error.message.includes(path))?.[0] ?? ''
		throw damaged(join(name, file), ((error.cause as Error | undefined) ?? error).message)
	} finally {
		reader.close()
	}
}

async function digestOf(path: string): Promise<string> {
	const hash = createHash('sha256')
	for await (const part of createReadStream(path)) hash.update(part as Uint8Array)
	return hash.digest('hex')
}

/** The model files of a folder: each is named by its digest. */
async function artifactFiles(folder: string): Promise<string[]> {
	if (!existsSync(folder)) return []
	const paths = await readdir(folder, { recursive: true })
	return paths.filter((path) => /^[0-9a-f]{2}[\\/][0-9a-f]{64}$/.test(path))
}

async function checkArtifacts(database: string, folder: string, name: string): Promise<void> {
	const files = await artifactFiles(folder)
	for (const file of files)
		if ((await digestOf(join(folder, file))) !== file.slice(3))
			throw damaged(join(name, file), 'its content does not match its name')
	const there = new Set(files.map((file) => file.slice(3)))
	const stored = (await runOn(database, 'SELECT sha256, model, version FROM version_artifact')) as string[][]
	const missing = stored.find(([sha256]) => !there.has(sha256 as string))
	if (missing) {
		const [sha256 = '', model, version] = missing
		throw damaged(join(name, sha256.slice(0, 2), sha256), `the file of ${model}@${version} is missing`)
	}
}

/** What a running copy has put in place. Inodes identify its folders, since they survive a rename. */
type Journal = { pid: number; host: string; placed: { path: string; inode: number }[] }

const stagingOf = (database: string) => `${database}.part`

/**
 * Builds a copy next to its target, checks it, and then moves it in place: first the archive and the model files, last the
 * database. Nothing is overwritten. A killed run leaves `<file>.part`, which the next run removes with all it had moved.
 */
export async function placeCopy(
	to: Parts,
	fill: (staged: Parts) => Promise<void>,
	check: (staged: Parts) => Promise<void>,
): Promise<void> {
	const staging = stagingOf(to.database)
	await clearLeftovers(to.database)
	refuseExisting(to)
	const staged = {
		database: join(staging, 'database'),
		archive: join(staging, 'archive'),
		artifacts: to.artifacts && join(staging, 'artifacts'),
	}
	await mkdir(dirname(to.database), { recursive: true })
	await mkdir(staging)
	try {
		const journal: Journal = { pid: process.pid, host: hostname(), placed: [] }
		await writeJournal(staging, journal)
		await fill(staged)
		await check(staged)
		refuseExisting(to)
		const folders = [[staged.archive, to.archive] as const]
		if (staged.artifacts && to.artifacts) folders.push([staged.artifacts, to.artifacts])
		const there = folders.filter(([from]) => existsSync(from))
		for (const [from, path] of there) journal.placed.push({ path, inode: (await stat(from)).ino })
		await writeJournal(staging, journal)
		for (const [from, path] of there) await rename(from, path)
		await rename(staged.database, to.database)
	} catch (error) {
		await clearLeftovers(to.database, true)
		throw error
	}
	await rm(staging, { recursive: true, force: true })
}

async function writeJournal(staging: string, journal: Journal): Promise<void> {
	const path = join(staging, 'journal.json')
	await writeFile(`${path}.new`, JSON.stringify(journal))
	await rename(`${path}.new`, path)
}

function refuseExisting({ database, archive, artifacts }: Parts): void {
	const paths = [database, `${database}-wal`, archive, ...(artifacts === undefined ? [] : [artifacts])]
	const there = paths.find(existsSync)
	if (there !== undefined)
		throw new AppError(
			'conflict',
			`${there} already exists and is not overwritten. Move it away, or choose another path.`,
		)
}

const isAlive = ({ pid, host }: Journal): boolean => {
	if (host !== hostname() || pid === process.pid) return false
	try {
		process.kill(pid, 0)
		return true
	} catch {
		return false
	}
}

/** Removes what a killed run left behind. Inodes ensure that nothing else is removed. */
async function clearLeftovers(database: string, isOwn = false): Promise<void> {
	const staging = stagingOf(database)
	if (!existsSync(staging)) return
	const journal: Journal | undefined = await readFile(join(staging, 'journal.json'), 'utf8')
		.then(JSON.parse)
		.catch(() => undefined)
	if (journal && !isOwn && isAlive(journal))
		throw new AppError(
			'conflict',
			`Process ${journal.pid} is currently writing ${database}. Wait for it, or end it.`,
		)
	// If the database is in place, the copy is complete and only the staging folder is left.
	if (!existsSync(database))
		for (const { path, inode } of journal?.placed ?? []) {
			const now = await stat(path).catch(() => undefined)
			if (now?.ino === inode) await rm(path, { recursive: true })
		}
	await rm(staging, { recursive: true, force: true })
}

/** Adds the model files of a copy to a folder. A file that exists must have the same content. */
export async function addArtifacts(from: string, to: string): Promise<void> {
	const files = await artifactFiles(from)
	for (const file of files) {
		const path = join(to, file)
		if (existsSync(path) && (await digestOf(path)) !== file.slice(3))
			throw damaged(path, 'its content does not match its name. Move it away')
	}
	for (const file of files) {
		const path = join(to, file)
		if (existsSync(path)) continue
		await mkdir(dirname(path), { recursive: true })
		await cp(join(from, file), `${path}.restored.part`)
		await rename(`${path}.restored.part`, path)
	}
}
