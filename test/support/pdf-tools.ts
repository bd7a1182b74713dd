import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pdfFolder } from './peers.ts'

/** Programs that others wrote, and that check or read a PDF file. */

const env = {
	...process.env,
	// Debian's folder of libraries has the name of the machine's architecture.
	LD_LIBRARY_PATH: ['x86_64', 'aarch64']
		.map((name) => join(pdfFolder, `usr/lib/${name}-linux-gnu`))
		.join(':'),
}
const run = (tool: string, ...args: string[]): string =>
	execFileSync(join(pdfFolder, 'usr/bin', tool), args, { env, encoding: 'utf8', maxBuffer: 2 ** 28 })

export const pdfInfo = (file: string): Record<string, string> =>
	Object.fromEntries(
		run('pdfinfo', file)
			.split('\n')
			.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
	)

export const pdfText = (file: string): string => run('pdftotext', file, '-')
/** The structure tree, a line an element, with its text. */
export const pdfStructure = (file: string): string => run('pdfinfo', '-struct-text', file)
export const pdfFonts = (file: string): string => run('pdffonts', file)

/** Throws with qpdf's words unless it finds no fault. */
export const qpdfCheck = (file: string): string => run('qpdf', '--check', file)

type PdfUa = { compliant: boolean; checks: number; faults: string[] }

/** What veraPDF says of each file, in the same order. */
export function checkPdfUa(...files: string[]): PdfUa[] {
	const program = fileURLToPath(new URL('CheckPdfUa.java', import.meta.url))
	const args = ['-cp', join(pdfFolder, 'jars/*'), program, ...files]
	const output = execFileSync('java', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
	const results: PdfUa[] = []
	let faults: string[] = []
	for (const line of output.split('\n')) {
		const [, checks, compliant] = /^checked (\d+) compliant (true|false)$/.exec(line) ?? []
		if (line.startsWith('fault ')) faults.push(line)
		if (checks === undefined) continue
		results.push({ compliant: compliant === 'true', checks: Number(checks), faults })
		faults = []
	}
	return results
}
