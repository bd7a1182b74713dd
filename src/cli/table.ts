/** Columns of equal width, for people. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? '').length)))
	const line = (cells: readonly string[]) =>
		`${cells
			.map((c, i) => c.padEnd(widths[i] as number))
			.join('  ')
			.trimEnd()}\n`
	return [line(head), ...rows.map(line)].join('')
}
