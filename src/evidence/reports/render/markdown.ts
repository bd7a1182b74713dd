import { oneLine } from '../../../charts/text.ts'
import type { ReportSection, ReportTable } from '../template.ts'
import { captionOf, cellText, type FrontMatter, incompleteText, paragraphsOf } from './front-matter.ts'

/** A line of text in which nothing is a mark of Markdown or HTML. */
const plain = (text: string): string =>
	oneLine(text)
		.replace(/[\\`*_{}[\]<>#|~!&]/g, (mark) => (mark === '<' ? '&lt;' : mark === '&' ? '&amp;' : `\\${mark}`))
		// At the beginning of a line these begin lists and headings; a bare address becomes a link.
		.replace(/^([-+=]|\d+[.)])(?=\s|$)/, (mark) => `${mark.slice(0, -1)}\\${mark.slice(-1)}`)
		.replace(/:\/\//g, ':\\//')

function tableText(table: ReportTable): string {
	if (table.columns.length === 0) return ''
	const line = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |`
	const rows = table.rows.map((row) => line(table.columns.map((_, i) => cellText(row[i] ?? null))))
	return [
		`**${plain(captionOf(table))}**`,
		'',
		line(table.columns),
		`|${' --- |'.repeat(table.columns.length)}`,
		...(rows.length === 0 ? [line(['No rows.', ...table.columns.slice(1).map(() => '')])] : rows),
	].join('\n')
}

/** The same content as a page, in Markdown (CommonMark with tables). */
export function renderMarkdown(
	{ title, facts, tables }: FrontMatter,
	sections: readonly ReportSection[],
): string {
	const parts = [
		`# ${plain(title)}`,
		facts.map(([name, value]) => `- **${plain(name)}**: ${plain(value)}`).join('\n'),
		...tables.map(tableText),
		...sections.flatMap((section) => [
			`## ${plain(section.title)}${section.status === 'incomplete' ? ' (incomplete)' : ''}`,
			...(section.status === 'incomplete' ? [`> ${incompleteText}`] : []),
			...paragraphsOf(section).map((p) => p.split('\n').map(plain).join('\\\n')),
			...section.tables.map(tableText),
		]),
	]
	return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}
