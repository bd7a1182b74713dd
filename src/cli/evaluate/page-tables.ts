import { intervalText, numberText, shareText } from '../../charts/number-text.ts'
import { escape } from '../../charts/svg.ts'
import type { MetricValue } from '../../metrics/metric-value.ts'
import type { GroupResult, GroupValue } from './evaluation.ts'

type Cell = string | { text: string; kind: 'n' | 'why' }
const n = (text: string): Cell => ({ text, kind: 'n' })

/** A table with its caption; the first cell of each row is its header. All texts are escaped. */
export function htmlTable(
	caption: string,
	head: readonly Cell[],
	rows: readonly (readonly Cell[])[],
): string {
	const of = (cell: Cell) => (typeof cell === 'string' ? { text: cell, kind: '' } : cell)
	const cells = (list: readonly Cell[], tag: (i: number) => string, scope: string) =>
		list
			.map((cell, i) => {
				const { text, kind } = of(cell)
				const isHead = tag(i) === 'th'
				return `<${tag(i)}${isHead ? ` scope="${scope}"` : ''}${kind ? ` class="${kind}"` : ''}>${escape(text)}</${tag(i)}>`
			})
			.join('')
	const body = rows.map((row) => `<tr>${cells(row, (i) => (i === 0 ? 'th' : 'td'), 'row')}</tr>`).join('')
	return `<div class="wrap" tabindex="0" role="region" aria-label="${escape(caption)}"><table><caption>${escape(caption)}</caption><thead><tr>${cells(head, () => 'th', 'col')}</tr></thead><tbody>${body}</tbody></table></div>`
}

/** The numbers of a chart, collapsed. */
export const numbersOf = (
	caption: string,
	head: readonly string[],
	rows: readonly (readonly string[])[],
): string =>
	`<details><summary>The numbers</summary>${htmlTable(
		caption,
		head.map((h, i) => (i === 0 ? h : n(h))),
		rows.map((row) => row.map((cell, i) => (i === 0 ? cell : n(cell)))),
	)}</details>`

export function metricTable(metrics: ReadonlyMap<string, MetricValue>): string {
	const rows = [...metrics].map(([id, f]): Cell[] => [
		id,
		n(numberText(f.value)),
		n(intervalText(f)),
		n(f.n.toLocaleString('en')),
		{ text: [f.trust ?? '', f.reason ?? ''].filter(Boolean).join(': '), kind: 'why' },
	])
	return htmlTable(
		'Each metric over all rows.',
		['metric', n('value'), n('95% interval'), n('rows'), 'remark'],
		rows,
	)
}

export function fairnessTable(attribute: string, values: ReadonlyMap<string, GroupValue>): string {
	const rows = [...values].map(([id, f]): Cell[] => [
		id.replace('fairness.', ''),
		n(numberText(f.value)),
		n(intervalText(f)),
		n(shareText(f.q)),
		f.groups.join(' – '),
		{ text: f.reason ?? '', kind: 'why' },
	])
	return htmlTable(
		`Disparities between the groups of ${attribute}. q: the false discovery rate, over all tests of this page, at which the groups differ.`,
		['metric', n('value'), n('95% interval'), n('q'), 'between', 'remark'],
		rows,
	)
}

export const groupName = ({ group }: GroupResult): string => Object.values(group).join(' x ')

export function groupTable(
	attribute: string,
	groups: readonly GroupResult[],
	ids: readonly string[],
): string {
	const rows = groups.map((result): Cell[] => [
		groupName(result),
		n(result.n.toLocaleString('en')),
		...ids.map((id) => n(numberText(result.metrics.get(id)?.value ?? Number.NaN))),
	])
	const head = ids.map((id) => n(id.replace(/^(fairness|performance)\./, '')))
	return htmlTable(`The groups of ${attribute}.`, ['group', n('rows'), ...head], rows)
}
