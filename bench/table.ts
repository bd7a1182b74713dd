/** One row of the table. `ok` is absent when there is no target. */
export type Measurement = { name: string; value: number; unit: string; target?: string; ok?: boolean }

const format = (value: number): string =>
	value >= 1000 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(3)

/** A Markdown table. */
export function toTable(list: readonly Measurement[]): string {
	const rows = list.map(
		(m) =>
			`| ${m.name} | ${format(m.value)} ${m.unit} | ${m.target ?? ''} | ${m.ok === undefined ? '' : m.ok ? 'yes' : '**no**'} |`,
	)
	return ['| measure | value | target | met |', '|---|---:|---|---|', ...rows].join('\n')
}
