import { printableCell } from '../core/printable.ts'

/** Columns of equal width, for people. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const cells = rows.map((row) => row.map(printableCell))
	const widths = head.map((h, i) => Math.max(h.length, ...cells.map((r) => (r[i] ?? '').length)))
	const line = (cells: readonly string[]) =>
		`${cells
			.map((c, i) => c.padEnd(widths[i] as number))
			.join('  ')
			.trimEnd()}\n`
	return [line(head), ...cells.map(line)].join('')
}
