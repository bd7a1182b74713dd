import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createClient } from '@libsql/client'
import { artifactSettingsOf } from '../config.ts'
import { AppError } from '../core/errors.ts'
import { artifactFolder } from '../services/artifact/open-artifacts-node.ts'
import { type Command, requirePositional, type Terminal } from './command.ts'

const archiveOf = (path: string) => `${path}.archive`
const artifactsOf = (path: string) => `${path}-artifacts`

/** The folder of model files that belongs to the database; undefined when they are kept elsewhere. */
const artifactsBeside = ({ config }: Terminal): string | undefined =>
	config.PLUMBLINE_ARTIFACTS_URL?.startsWith('s3:')
		? undefined
		: artifactFolder(artifactSettingsOf(config), config.PLUMBLINE_DATABASE_URL)

/** What is not copied has to be known. */
const elsewhere = ({ config }: Terminal): string =>
	config.PLUMBLINE_ARTIFACTS_URL?.startsWith('s3:')
		? `Model files are in ${config.PLUMBLINE_ARTIFACTS_URL} and are not part of it: back them up there.\n`
		: ''

/** The file of the configured database. Throws for a database that is not a file. */
function databaseFile({ config }: Terminal): string {
	const url = config.PLUMBLINE_DATABASE_URL
	if (url.startsWith('file:')) return url.slice('file:'.length)
	throw new AppError(
		'invalid',
		`Only a file database is copied here; ${url} is served elsewhere and is backed up there.`,
	)
}

/** Runs a statement on a database file. Throws with one line when the file cannot be read as one. */
async function runOn(path: string, sql: string, args: string[] = []): Promise<string> {
	const client = createClient({ url: `file:${path}` })
	try {
		const { rows } = await client.execute({ sql, args })
		return String(rows[0]?.[0])
	} catch (cause) {
		throw new AppError('unavailable', `${path} is damaged or cannot be read: ${(cause as Error).message}`, {
			cause,
		})
	} finally {
		client.close()
	}
}

async function checkIntegrity(path: string): Promise<void> {
	const verdict = await runOn(path, 'PRAGMA integrity_check')
	if (verdict !== 'ok') throw new AppError('unavailable', `${path} is damaged: ${verdict}`)
}

function refuseExisting(...paths: string[]): void {
	const there = paths.find(existsSync)
	if (there !== undefined)
		throw new AppError(
			'conflict',
			`${there} exists already and is not overwritten. Move it away, or choose another place.`,
		)
}

export const backup: Command = {
	help: `Usage: plumbline backup FILE

Writes a consistent copy of the database PLUMBLINE_DATABASE_URL to FILE, of its Parquet archive to FILE.archive, and of the
model files to FILE-artifacts (unless they are in S3), while the service runs. The copy is checked before it gets its name.
FILE must not exist.

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		const from = databaseFile(terminal)
		const to = requirePositional(args, 0, 'The file to write')
		if (!existsSync(from))
			throw new AppError('not-found', `There is no database ${from}. Set PLUMBLINE_DATABASE_URL.`)
		refuseExisting(to, archiveOf(to), artifactsOf(to))
		await mkdir(dirname(to), { recursive: true })
		const part = `${to}.part`
		await rm(part, { force: true })
		// One statement in one read transaction: a consistent copy, whatever is written meanwhile.
		await runOn(from, 'VACUUM INTO ?', [part])
		await checkIntegrity(part)
		// Archive files are complete before the database names them, and never change: copied after it, none is missing.
		if (existsSync(archiveOf(from))) await cp(archiveOf(from), archiveOf(to), { recursive: true })
		// Model files too: each is whole before the database names it.
		const artifacts = artifactsBeside(terminal)
		if (artifacts !== undefined && existsSync(artifacts))
			await cp(artifacts, artifactsOf(to), { recursive: true, filter: (path) => !path.endsWith('.part') })
		await rename(part, to)
		terminal.out(
			args.values.json
				? `${JSON.stringify({ file: to })}\n`
				: `${to} is a checked copy of ${from}.\n${elsewhere(terminal)}`,
		)
		return 0
	},
}

export const restore: Command = {
	help: `Usage: plumbline restore FILE

Checks the copy FILE (and FILE.archive) and puts it where PLUMBLINE_DATABASE_URL points, and the model files of
FILE-artifacts where they are kept. Refuses when something is there.

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		const from = requirePositional(args, 0, 'The copy')
		const to = databaseFile(terminal)
		if (!existsSync(from)) throw new AppError('not-found', `There is no file ${from}.`)
		const artifacts = artifactsBeside(terminal)
		refuseExisting(to, `${to}-wal`, archiveOf(to))
		await checkIntegrity(from)
		await mkdir(dirname(to), { recursive: true })
		if (existsSync(archiveOf(from))) await cp(archiveOf(from), archiveOf(to), { recursive: true })
		if (artifacts !== undefined && existsSync(artifactsOf(from)))
			// Named by their content: one that is there is the same file.
			await cp(artifactsOf(from), artifacts, { recursive: true, force: false })
		await cp(from, `${to}.part`)
		await rename(`${to}.part`, to)
		terminal.out(
			args.values.json
				? `${JSON.stringify({ file: to })}\n`
				: `${to} is restored from ${from}.\n${elsewhere(terminal)}`,
		)
		return 0
	},
}
