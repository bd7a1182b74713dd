import { sha256Hex, utf8 } from '../../core/bytes.ts'
import type { Sql } from '../../db/sql.ts'
import type { LedgerEntry } from '../../ledger/entry.ts'
import type { Failures } from '../../ledger/verify-log.ts'

type Report = { id: string; status: string; manifest: string }
type Part = { path: string; content: Uint8Array }

/**
 * Compares the stored files of each report with its manifest, and the manifest with the entry of the report. Returns how many
 * files were compared.
 */
export async function verifyReports(sql: Sql, failures: Failures): Promise<number> {
	let files = 0
	const rows = await sql.all<Report>({
		sql: 'SELECT id, status, manifest FROM report WHERE erased_at IS NULL ORDER BY id',
	})
	for (const report of rows) files += await verifyReport(sql, report, failures)
	return files
}

async function verifyReport(sql: Sql, { id, status, manifest }: Report, failures: Failures): Promise<number> {
	const fail = (where: string, what: string) => failures.add('mismatch', `report ${id}${where}`, what)
	const action = status === 'approved' ? 'sign-report' : 'create-report'
	const [entry] = await sql.all<{ text: string }>({
		sql: 'SELECT entry AS text FROM ledger_entry WHERE object = ? AND action = ? ORDER BY idx DESC LIMIT 1',
		params: [`report:${id}`, action],
	})
	if (!entry || (JSON.parse(entry.text) as LedgerEntry).after !== manifest)
		fail('', `The ledger has no entry ${action} with the digest of its manifest.`)
	const stored = await storedFiles(sql, id)
	const list = stored.get('manifest.json')
	const text = list === undefined ? '' : new TextDecoder().decode(list)
	if (`sha256:${await sha256Hex(utf8(text))}` !== manifest) {
		fail(', manifest.json', list ? 'It does not have its digest.' : 'It is missing.')
		return 0
	}
	const { files } = JSON.parse(text) as { files: { path: string; sha256: string }[] }
	let right = 1
	for (const { path, sha256 } of files) {
		const bytes = stored.get(path)
		if (bytes && (await sha256Hex(bytes)) === sha256) right++
		else fail(`, ${path}`, bytes ? 'It does not have the digest of the manifest.' : 'It is missing.')
	}
	return right
}

/** Files are stored in parts. */
async function storedFiles(sql: Sql, report: string): Promise<Map<string, Uint8Array>> {
	const files = new Map<string, Uint8Array>()
	const parts = await sql.all<Part>({
		sql: 'SELECT path, content FROM report_file WHERE report = ? ORDER BY path, part',
		params: [report],
	})
	for (const { path, content } of parts) {
		const before = files.get(path)
		const bytes = new Uint8Array((before?.length ?? 0) + content.length)
		bytes.set(before ?? [])
		bytes.set(content, before?.length ?? 0)
		files.set(path, bytes)
	}
	return files
}
