import { sha256 } from '@noble/hashes/sha2.js'
import { sameBytes, toHex } from '../core/bytes.ts'
import { decodeUtf8 } from '../core/utf8.ts'
import { logOfFiles } from './log-files.ts'
import { parseProof } from './proof-file.ts'
import { leafHash, rootFromInclusion } from './tree.ts'
import { Failures, type LogOptions, parseEntry, type VerifiedLog, verifyLog } from './verify-log.ts'

// The bundle of a report: its files are those of a manifest, an entry of the ledger has the digest of the manifest, and a
// signed checkpoint covers the entry.

/** The files of a bundle: of an archive or a folder. */
export type BundleFiles = {
	/** In any order. */
	paths: readonly string[]
	/** What is wrong with the archive itself. */
	faults: readonly { where: string; what: string }[]
	/** Undefined for a file that is not there. Throws for one that cannot be read. */
	read(path: string): Promise<Uint8Array | undefined>
	/** The SHA-256 of a file, in hexadecimal, without the whole of it in memory. */
	digestOf(path: string): Promise<string>
}

const manifestPath = 'manifest.json'
const entryPath = 'proofs/report.entry'
const proofPath = 'proofs/report.tlog-proof'
/** What comes with the ledger and not with the report: the manifest does not list it. */
const isOfLedger = (path: string) => path === 'checkpoint' || path.startsWith('tile/')

export type VerifiedBundle = { log: VerifiedLog; records: number }

/** Whether files are the bundle of a report. */
export const isBundle = ({ paths }: BundleFiles): boolean =>
	paths.includes(manifestPath) || paths.includes(proofPath)

/** Verifies a bundle. `records`: how many of its files have the digests that the ledger leads to. */
export async function verifyBundle(files: BundleFiles, options: LogOptions): Promise<VerifiedBundle> {
	const failures = new Failures()
	for (const { where, what } of files.faults) failures.add('mismatch', where, what)
	const records = await checkManifest(files, failures)
	const proven = await checkEntry(files, failures)
	const hasLog = files.paths.some((path) => path.startsWith('tile/'))
	let found = false
	const log = await verifyLog(logOfFiles(readable(files, failures)), {
		...options,
		hasNoEntries: !hasLog,
		onEntry: (index, _, text) => {
			if (index !== proven?.index) return
			found = text === proven.text
			if (!found) failures.add('mismatch', entryPath, `It is not entry ${index} of the ledger.`)
		},
	})
	if (proven && !hasLog) {
		// The ledger is left out for those who may not see all of it: the proof leads to the signed root.
		if (log.root === toHex(proven.root)) log.entries = 1
		else failures.add('mismatch', proofPath, 'It does not lead to the root of the checkpoint.')
	}
	if (proven && hasLog && proven.index >= log.size)
		failures.add('mismatch', proofPath, `The checkpoint does not cover entry ${proven.index}.`)
	return { log: { ...log, failures: [...failures.list, ...log.failures] }, records }
}

/** A file that cannot be read counts as missing; the failure says why. */
const readable = (files: BundleFiles, failures: Failures) => async (path: string) => {
	try {
		return await files.read(path)
	} catch (error) {
		failures.add('mismatch', path, `It cannot be read: ${(error as Error).message}`)
		return undefined
	}
}

/** Each file has the digest of the manifest, none is missing, and none was added. Returns how many are right. */
async function checkManifest(files: BundleFiles, failures: Failures): Promise<number> {
	const bytes = await readable(files, failures)(manifestPath)
	const listed = bytes && readManifest(bytes)
	if (!listed) {
		failures.add('mismatch', manifestPath, bytes ? 'It is not a manifest.' : 'It is missing.')
		return 0
	}
	let right = 0
	for (const [path, wanted] of listed) {
		if (!files.paths.includes(path)) failures.add('mismatch', path, 'It is missing: the manifest lists it.')
		else if ((await digestOf(files, path, failures)) === wanted) right++
		else failures.add('mismatch', path, 'It was changed: it does not have the digest of the manifest.')
	}
	const known = new Set([...listed.keys(), manifestPath, entryPath, proofPath])
	for (const path of files.paths)
		if (!known.has(path) && !isOfLedger(path))
			failures.add('mismatch', path, 'It was added: the manifest does not list it.')
	return right
}

async function digestOf(files: BundleFiles, path: string, failures: Failures): Promise<string | undefined> {
	try {
		return await files.digestOf(path)
	} catch (error) {
		failures.add('mismatch', path, `It cannot be read: ${(error as Error).message}`)
		return undefined
	}
}

function readManifest(bytes: Uint8Array): Map<string, string> | undefined {
	try {
		const { files } = JSON.parse(decodeUtf8(bytes) ?? '') as { files: { path: string; sha256: string }[] }
		const listed = new Map(files.map(({ path, sha256 }) => [path, sha256]))
		return listed.size === files.length && files.length > 0 ? listed : undefined
	} catch {
		return undefined
	}
}

/** The report's entry has the digest of the manifest, and its proof leads to a root. */
async function checkEntry(
	files: BundleFiles,
	failures: Failures,
): Promise<{ index: number; text: string; root: Uint8Array } | undefined> {
	const read = readable(files, failures)
	const [manifest, entry, proofFile] = [
		await read(manifestPath),
		await read(entryPath),
		await read(proofPath),
	]
	if (!entry) failures.add('mismatch', entryPath, 'It is missing.')
	if (!proofFile) failures.add('mismatch', proofPath, 'It is missing.')
	if (!entry || !proofFile) return undefined
	const text = decodeUtf8(entry) ?? ''
	const parsed = parseEntry(text)
	if (!['create-report', 'sign-report'].includes(parsed?.action ?? ''))
		failures.add('mismatch', entryPath, 'It is not the entry of a report.')
	else if (manifest && parsed?.after !== `sha256:${toHex(sha256(manifest))}`)
		failures.add('mismatch', manifestPath, 'The entry of the report does not have its digest.')
	const proof = parseProof(decodeUtf8(proofFile) ?? '')
	if (!proof) {
		failures.add('mismatch', proofPath, 'It is not a proof.')
		return undefined
	}
	const { size, root } = proof.note.checkpoint
	const reached = rootFromInclusion(leafHash(entry), proof.index, size, proof.hashes)
	if (!reached || !sameBytes(reached, root))
		failures.add(
			'mismatch',
			proofPath,
			'It does not lead from the entry of the report to the root of its checkpoint.',
		)
	return { index: proof.index, text, root }
}
