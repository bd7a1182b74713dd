import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { artifactSettingsOf } from '../config.ts'
import { AppError } from '../core/errors.ts'
import { copyMark } from '../evidence/ledger/open-key.ts'
import { parseCheckpoint } from '../ledger/checkpoint.ts'
import { vaultPath } from '../log/encrypt/vault-node.ts'
import { checkpointFileOf } from '../platform/node/ledger-key.ts'
import { artifactFolder } from '../platform/node/open-artifacts.ts'
import { type Command, requirePositional, type Terminal } from './command.ts'
import { addArtifacts, checkParts, hasTable, type Parts, placeCopy, runOn } from './copy.ts'

/** Beside `src` in the tree, beside `dist` in the package. */
const migrations = fileURLToPath(new URL('../../migrations', import.meta.url))

const isInS3 = ({ config }: Terminal): boolean => config.PLUMBLINE_ARTIFACTS_URL?.startsWith('s3:') === true

/** The parts of a copy, side by side. */
const partsOf = (terminal: Terminal, path: string): Parts => ({
	database: path,
	archive: `${path}.archive`,
	artifacts: isInS3(terminal) ? undefined : `${path}-artifacts`,
})

/** The parts of the configured database. Throws for one that is not a file. */
function livePartsOf(terminal: Terminal): Parts {
	const { config } = terminal
	const url = config.PLUMBLINE_DATABASE_URL
	if (!url.startsWith('file:'))
		throw new AppError('invalid', `Only a file database can be backed up here. Back up ${url} on its server.`)
	const database = url.slice('file:'.length)
	const artifacts = isInS3(terminal) ? undefined : artifactFolder(artifactSettingsOf(config), url)
	return { database, archive: `${database}.archive`, artifacts }
}

/** A note about what is not copied. */
const elsewhere = (terminal: Terminal): string =>
	isInS3(terminal)
		? `Model files are in ${terminal.config.PLUMBLINE_ARTIFACTS_URL} and are not included: back them up there.\n`
		: ''

const isWhole = (path: string) => !path.endsWith('.part')

/**
 * A copy can be used where the key of its ledger is not: see `openLedgerKey`. The key is never copied, and the newest checkpoint
 * beside the database stays where it is: it shows that a restored database is an older one.
 */
async function markAsCopy(database: string): Promise<void> {
	if (await hasTable(database, 'service_state'))
		await runOn(database, "INSERT OR REPLACE INTO service_state (name, value, at) VALUES (?, '', 0)", [
			copyMark,
		])
}

/** What to do about the ledger of a restored database. */
async function ledgerNote({ database }: Parts, url: string): Promise<string> {
	if (!(await hasTable(database, 'ledger_key'))) return ''
	const [signed] = await runOn(database, 'SELECT verifier FROM ledger_key ORDER BY id DESC LIMIT 1')
	if (!signed) return ''
	const [[size] = []] = await runOn(database, 'SELECT coalesce(max(size), 0) FROM ledger_checkpoint')
	const kept = parseCheckpoint((await checkpointFileOf(url)?.read()) ?? '')
	const isOlder = kept !== undefined && kept.checkpoint.size > Number(size)
	return `Its ledger is signed with ${signed[0]}: set PLUMBLINE_LEDGER_KEY to that key, or a new ledger is started with a new one.\n${
		isOlder
			? `A checkpoint of ${kept.checkpoint.size} entries was signed, and the copy has ${size}: set PLUMBLINE_LEDGER_ORIGIN to a new name, or nothing is signed.\n`
			: ''
	}`
}

/** Where the keys of encrypted rows are: never in a copy, so that a destroyed key makes the rows of every copy unreadable. */
async function keysNote(path: string, note: (keys: string) => string, database: string): Promise<string> {
	const columns = await runOn(path, "SELECT 1 FROM pragma_table_info('model') WHERE name = 'encrypt'")
	if (columns.length === 0) return ''
	const encrypted = await runOn(path, 'SELECT name FROM model WHERE encrypt = 1 ORDER BY name')
	if (encrypted.length === 0) return ''
	const names = encrypted.slice(0, 10).map(([name]) => String(name))
	return note(
		`the keys of the encrypted rows of ${names.join(', ')}${encrypted.length > 10 ? ', …' : ''}`,
	).replace('KEYS', vaultPath(`file:${database}`))
}

const notCopied = (keys: string) =>
	`It does not have ${keys}. Keep KEYS apart from all backups, and back up its newest state only: a copy from before an erasure brings the erased rows back.\n`
const toPutBack = (keys: string) =>
	`It does not have ${keys}: they are read from KEYS with PLUMBLINE_DATA_KEY.\n`

/** Copies the folders that exist. */
async function copyFolders(from: Parts, to: Parts): Promise<void> {
	for (const part of ['archive', 'artifacts'] as const) {
		const [source, target] = [from[part], to[part]]
		if (source !== undefined && target !== undefined && existsSync(source))
			await cp(source, target, { recursive: true, filter: isWhole })
	}
}

export const backup: Command = {
	help: `Usage: plumbline backup FILE

Writes a consistent copy of the database PLUMBLINE_DATABASE_URL to FILE, of its Parquet archive to FILE.archive, and of the
model files to FILE-artifacts (unless they are in S3). The service can run meanwhile. The copy is checked before it gets its
name: the database, each archive file by its digest and by reading it, and each model file by its digest. The keys of
encrypted rows are not in it. FILE must not exist. An interrupted backup can be run again.

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		const from = livePartsOf(terminal)
		const path = requirePositional(args, 0, 'The file to write')
		const to = partsOf(terminal, path)
		if (!existsSync(from.database))
			throw new AppError('not-found', `There is no database ${from.database}. Set PLUMBLINE_DATABASE_URL.`)
		await placeCopy(
			to,
			async (staged) => {
				// One statement in one read transaction: a consistent copy, even while the service writes.
				await runOn(from.database, 'VACUUM INTO ?', [staged.database])
				// No process runs a job of the copy.
				await runOn(staged.database, 'UPDATE lease SET until = 0')
				await markAsCopy(staged.database)
				// Archive and model files are complete before the database refers to them, and never change: copied later, none is missing.
				await copyFolders(from, staged)
			},
			(staged) => checkParts(staged, migrations, from),
		)
		terminal.out(
			args.values.json
				? `${JSON.stringify({ file: path })}\n`
				: `${path} is a checked copy of ${from.database}.\n${elsewhere(terminal)}${await keysNote(path, notCopied, from.database)}`,
		)
		return 0
	},
}

export const restore: Command = {
	help: `Usage: plumbline restore FILE

Checks the copy FILE with FILE.archive and FILE-artifacts like \`backup\`, and restores it to PLUMBLINE_DATABASE_URL and the
model files to their folder. If a file is damaged, it is named and nothing is restored. Existing files are not overwritten.
An interrupted restore can be run again.

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		const path = requirePositional(args, 0, 'The copy')
		const from = partsOf(terminal, path)
		const live = livePartsOf(terminal)
		if (!existsSync(path)) throw new AppError('not-found', `There is no file ${path}.`)
		// An existing or configured folder of model files can serve several databases.
		const isShared =
			live.artifacts !== undefined &&
			(live.artifacts !== `${live.database}-artifacts` || existsSync(live.artifacts))
		const to = isShared ? { ...live, artifacts: undefined } : live
		await placeCopy(
			to,
			async (staged) => {
				await checkParts(from, migrations)
				await cp(from.database, staged.database)
				await markAsCopy(staged.database)
				await copyFolders(from, staged)
			},
			async (staged) => {
				await checkParts({ ...staged, artifacts: undefined }, migrations, live)
				if (isShared && from.artifacts !== undefined && live.artifacts !== undefined)
					await addArtifacts(from.artifacts, live.artifacts)
			},
		)
		terminal.out(
			args.values.json
				? `${JSON.stringify({ file: live.database })}\n`
				: `${live.database} is restored from ${path}.\n${elsewhere(terminal)}${await keysNote(live.database, toPutBack, live.database)}${await ledgerNote(live, terminal.config.PLUMBLINE_DATABASE_URL)}`,
		)
		return 0
	},
}
