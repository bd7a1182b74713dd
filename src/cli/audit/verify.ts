import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { AppError } from '../../core/errors.ts'
import type { Verification } from '../../evidence/ledger/verification.schema.ts'
import { parseCheckpoint, parseVerifierKey, type VerifierKey } from '../../ledger/checkpoint.ts'
import type { StoredCheckpoint } from '../../ledger/verify-log.ts'
import {
	type ExitCode,
	type Parsed,
	requireOption,
	requirePositional,
	type Terminal,
	textOption,
} from '../command.ts'
import { WorkProgress } from '../progress.ts'
import { verifyDatabaseFile } from './verify-database-file.ts'
import { verifyArchive, verifyFolder } from './verify-folder.ts'
import type { VerifyInput } from './verify-input.ts'
import { verifyServer } from './verify-server.ts'

export const verifyHelp = `Usage: plumbline audit verify SOURCE --key KEY [--checkpoint FILE] [--json]

Verifies a ledger, and everything that its entries commit to, with a key that you got from elsewhere.
Rows of encrypted models in a database file need PLUMBLINE_DATA_KEY.

  SOURCE              the URL of a service (with PLUMBLINE_KEY, role auditor), file:DATABASE, a bundle (.zip), or a folder
                      with checkpoint and tile/
  --key KEY           the verifier key that \`plumbline audit key\` prints, or a file that has it; never one that comes with
                      the source
  --checkpoint FILE   a checkpoint that you kept: the ledger must begin with the entries that it covers
  --json              for machines

Exit codes: 0 verified, 1 something is not what was signed, 2 it cannot be verified.
`

export async function verify(terminal: Terminal, args: Parsed): Promise<ExitCode> {
	const source = requirePositional(args, 1, 'What to verify')
	const [key, older] = [requireOption(args, 'key'), textOption(args, 'checkpoint')]
	const progress = new WorkProgress(terminal)
	const onProgress = (done: number, total: number) =>
		progress.show(
			done / Math.max(1, total),
			`${done.toLocaleString('en')} of ${total.toLocaleString('en')} entries`,
		)
	const work = async () =>
		verifySource(terminal, source, { key: await readKey(key), older: await readOlder(older), onProgress })
	const result = await attempt(work, source)
	progress.end()
	if (args.values.json) terminal.out(`${JSON.stringify(result)}\n`)
	else terminal.out(textOf(source, result))
	return result.status === 'verified' ? 0 : result.status === 'mismatch' ? 1 : 2
}

async function verifySource(terminal: Terminal, source: string, input: VerifyInput): Promise<Verification> {
	if (/^https?:/i.test(source)) return verifyServer(terminal, source, input)
	if (source.startsWith('file:')) return verifyDatabaseFile(terminal, source, input)
	const info = await stat(source).catch(() => undefined)
	if (info?.isDirectory()) return verifyFolder(source, input)
	if (!info) throw new AppError('not-found', `There is no file or folder ${source}.`)
	if (/\.(db|sqlite3?)$/i.test(source)) throw new AppError('invalid', `Name a database as file:${source}.`)
	return verifyArchive(source, input)
}

/** What cannot be read cannot be verified: that is an answer too. */
async function attempt(work: () => Promise<Verification>, source: string): Promise<Verification> {
	try {
		return await work()
	} catch (error) {
		const what = error instanceof AppError ? error.textFor('cli') : String((error as Error).message ?? error)
		return {
			...{ status: 'unverifiable', entries: 0, size: 0, root: null, records: 0 },
			failures: [{ where: source, what }],
		} as Verification
	}
}

/** A verifier key, or a file that has one. */
export async function readKey(text: string): Promise<VerifierKey> {
	const content = existsSync(text) ? (await readFile(text, 'utf8')).trim() : text
	const key = parseVerifierKey(content)
	if (!key)
		throw new AppError(
			'invalid',
			`--key ${content.slice(0, 80)} is neither a verifier key nor a file with one. \`plumbline audit key\` prints it: name+hash+base64.`,
		)
	return key
}

async function readOlder(path: string | undefined): Promise<StoredCheckpoint | undefined> {
	if (path === undefined) return undefined
	const note = await readFile(path, 'utf8').catch(() => undefined)
	if (note === undefined) throw new AppError('not-found', `--checkpoint: there is no file ${path}.`)
	const parsed = parseCheckpoint(note)
	if (!parsed) throw new AppError('invalid', `--checkpoint: ${path} is not a signed checkpoint.`)
	return { where: path, size: parsed.checkpoint.size, note }
}

const headings = {
	verified: 'Verified',
	mismatch: 'MISMATCH',
	unverifiable: 'Unverifiable',
} as const

function textOf(source: string, { status, entries, records, size, root, failures }: Verification): string {
	const lines = [`${headings[status]}: ${source}`]
	if (root !== null) {
		lines.push(`  ${entries} entries and ${records} records were checked.`)
		lines.push(`  The newest checkpoint covers ${size} entries; its root is ${root}.`)
	}
	for (const { where, what } of failures) lines.push(`  ${where}: ${what}`)
	return `${lines.join('\n')}\n`
}
