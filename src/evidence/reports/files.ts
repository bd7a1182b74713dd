import { and, eq, not } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { sha256Hex, utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import type { Change } from '../../db/changes.ts'
import { inList } from '../../db/database.ts'
import { type ReportDigests, reportFiles } from '../../db/schema.ts'
import type { ReportDocument } from './document.ts'
import { renderForms } from './render/forms.ts'
import { verifyText } from './verify-text.ts'

// The files of a report, by their path in the bundle. `document` is the one that is only for us: the content that they
// are rendered from, with what JSON leaves out.

export const documentPath = 'document'
export const manifestPath = 'manifest.json'

export type Files = Map<string, Uint8Array>

/** What stays the same when a draft is approved: the data it was computed from, and the law. */
export const isKept = (path: string): boolean =>
	path.startsWith('data/') || path === 'law.yaml' || path === 'salt'

export type Assembled = { files: Files; manifest: string; digests: ReportDigests }

const digest = async (bytes: Uint8Array): Promise<string> => `sha256:${await sha256Hex(bytes)}`

/** Renders a report and lists its files. `kept`: its data and law. */
export async function assemble(context: Context, document: ReportDocument, kept: Files): Promise<Assembled> {
	const { json, html, pdf, csv } = await renderForms(context, document)
	const files: Files = new Map([
		...kept,
		['report.json', json],
		['report.html', html],
		['report.csv', csv],
		['VERIFY.md', utf8(verifyText(document))],
	])
	if (pdf) files.set('report.pdf', pdf)
	const listed = []
	for (const path of [...files.keys()].sort())
		listed.push({ path, sha256: await sha256Hex(files.get(path) as Uint8Array) })
	const manifest = utf8(`${JSON.stringify({ files: listed }, null, 2)}\n`)
	const digests = {
		json: await digest(json),
		html: await digest(html),
		pdf: pdf && (await digest(pdf)),
		csv: await digest(csv),
	}
	files.set(manifestPath, manifest)
	files.set(documentPath, utf8(JSON.stringify(document)))
	checkSize(files)
	return { files, manifest: await digest(manifest), digests }
}

const maxBytes = 64 * 2 ** 20

function checkSize(files: Files): void {
	const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0)
	if (bytes <= maxBytes) return
	throw new AppError(
		'too-large',
		`The report has ${Math.ceil(bytes / 2 ** 20)} MB, more than the limit of ${maxBytes / 2 ** 20} MB. Choose a shorter period, or fewer models.`,
	)
}

/** D1 takes at most 2 MB a row. */
const partBytes = 2 ** 20

/** What stores files, in parts. */
export function fileChanges({ db }: Context, report: string, files: Files): Change[] {
	const changes: Change[] = []
	for (const [path, bytes] of files)
		for (let at = 0, part = 0; at < bytes.length || part === 0; at += partBytes, part++) {
			const content = bytes.slice(at, at + partBytes)
			changes.push({ query: db.insert(reportFiles).values({ report, path, part, content }) })
		}
	return changes
}

/** What deletes a report's files, except the ones to keep. */
export const removeFiles = ({ db }: Context, report: string, keep: readonly string[] = []): Change => ({
	query: db
		.delete(reportFiles)
		.where(and(eq(reportFiles.report, report), not(inList(reportFiles.path, keep)))),
})

/** One file of a report. Undefined if it has none of that path. */
export async function readFile(
	{ db }: Context,
	report: string,
	path: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
	const parts = await db
		.select({ content: reportFiles.content })
		.from(reportFiles)
		.where(and(eq(reportFiles.report, report), eq(reportFiles.path, path)))
		.orderBy(reportFiles.part)
	if (parts.length === 0) return undefined
	const bytes = new Uint8Array(parts.reduce((sum, { content }) => sum + content.length, 0))
	let at = 0
	for (const { content } of parts) {
		bytes.set(content, at)
		at += content.length
	}
	return bytes
}

/** The paths of a report's files in the bundle, sorted. */
export async function listPaths({ db }: Context, report: string): Promise<string[]> {
	const rows = await db
		.selectDistinct({ path: reportFiles.path })
		.from(reportFiles)
		.where(eq(reportFiles.report, report))
	return rows
		.map(({ path }) => path)
		.filter((path) => path !== documentPath)
		.sort()
}
