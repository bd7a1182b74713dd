export type CsvCell = string | number | boolean | null

// A spreadsheet takes a text that begins like this for a formula, also in full width.
const formula = /^[=+\-@\t\r\n＝＋－＠]/
const plainNumber = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i

/** A text that no spreadsheet evaluates: what begins like a formula gets an apostrophe before it. */
const inert = (text: string): string =>
	formula.test(text.trimStart()) && !plainNumber.test(text) ? `'${text}` : text

function cellText(cell: CsvCell): string {
	if (cell === null) return ''
	if (typeof cell !== 'string') return String(cell)
	const text = inert(cell.toWellFormed().replaceAll('\u0000', '\ufffd'))
	return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A record of RFC 4180 with its line end. */
export const csvRecord = (cells: readonly CsvCell[]): string => `${cells.map(cellText).join(',')}\r\n`
