import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { artifactSettingsOf } from '../config.ts'
import { AppError } from '../core/errors.ts'
import { artifactFolder } from '../platform/node/open-artifacts.ts'
import { type Command, requirePositional, type Terminal } from './command.ts'
import { addArtifacts, checkParts, type Parts, placeCopy, runOn } from './copy.ts'

/** Beside `src` in the tree, beside `dist` in the package. */
const migrations = fileURLToPath(new URL('../../migrations', import.meta.url))

const isInS3 = ({ config }: Terminal): boolean => config.PLUMBLINE_ARTIFACTS_URL?.startsWith('s3:') === true

/** The parts of a copy, which stand side by side. */
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
		throw new AppError(
			'invalid',
			`Only a file database is copied here; ${url} is served elsewhere and is backed up there.`,
		)
	const database = url.slice('file:'.length)
	const artifacts = isInS3(terminal) ? undefined : artifactFolder(artifactSettingsOf(config), url)
	return { database, archive: `${database}.archive`, artifacts }
}

/** What is not copied has to be known. */
const elsewhere = (terminal: Terminal): string =>
	isInS3(terminal)
		? `Model files are in ${terminal.config.PLUMBLINE_ARTIFACTS_URL} and are not part of it: back them up there.\n`
		: ''

const isWhole = (path: string) => !path.endsWith('.part')

/** What is there of the folders of `from`. */
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
model files to FILE-artifacts (unless they are in S3), while the service runs. Before the copy gets its name, the database
is checked, each archive file by its digest and by reading it, and each model file by its digest. FILE must not exist. A
backup that was cut off can be run again.

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
				// One statement in one read transaction: a consistent copy, whatever is written meanwhile.
				await runOn(from.database, 'VACUUM INTO ?', [staged.database])
				// Nobody runs a job of the copy.
				await runOn(staged.database, 'UPDATE lease SET until = 0')
				// Archive and model files are whole before the database names them, and never change: after it, none is missing.
				await copyFolders(from, staged)
			},
			(staged) => checkParts(staged, migrations, from),
		)
		terminal.out(
			args.values.json
				? `${JSON.stringify({ file: path })}\n`
				: `${path} is a checked copy of ${from.database}.\n${elsewhere(terminal)}`,
		)
		return 0
	},
}

export const restore: Command = {
	help: `Usage: plumbline restore FILE

Checks the copy FILE with FILE.archive and FILE-artifacts as \`backup\` does, and puts it where PLUMBLINE_DATABASE_URL
points, and the model files where they are kept. A damaged file is named, and nothing is left behind. Refuses when something
is there. A restore that was cut off can be run again.

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		const path = requirePositional(args, 0, 'The copy')
		const from = partsOf(terminal, path)
		const live = livePartsOf(terminal)
		if (!existsSync(path)) throw new AppError('not-found', `There is no file ${path}.`)
		// A folder of model files that is there, or was named, may serve more than one database.
		const isShared =
			live.artifacts !== undefined &&
			(live.artifacts !== `${live.database}-artifacts` || existsSync(live.artifacts))
		const to = isShared ? { ...live, artifacts: undefined } : live
		await placeCopy(
			to,
			async (staged) => {
				await checkParts(from, migrations)
				await cp(from.database, staged.database)
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
				: `${live.database} is restored from ${path}.\n${elsewhere(terminal)}`,
		)
		return 0
	},
}
