import { type Caption, cut, px, svg, text } from './svg.ts'

const left = 110
const top = 46

/** Rows by actual class (down) and decision (across). The share of the actual class is the depth of a cell's colour. */
export function matrixChart(
	caption: Caption,
	{ classes, counts }: { classes: readonly string[]; counts: readonly (readonly number[])[] },
): string {
	const side = Math.max(26, Math.min(64, 300 / Math.max(1, classes.length)))
	const size = {
		width: Math.max(420, left + side * classes.length + 12),
		height: top + side * classes.length + 12,
	}
	const most = Math.max(1, Math.floor(side / 7))
	const cells = counts.flatMap((row, i) => {
		const total = Math.max(
			1,
			row.reduce((a, b) => a + b, 0),
		)
		return row.map((count, j) => {
			const [x, y] = [left + j * side, top + i * side]
			const depth = count / total
			const kind = depth > 0.55 ? 'on' : 'label'
			return `<rect class="cell" x="${px(x)}" y="${px(y)}" width="${px(side - 2)}" height="${px(side - 2)}" fill-opacity="${px(0.06 + 0.94 * depth)}"/>${text(shortCount(count, most), x + side / 2 - 1, y + side / 2 + 4, 'middle', kind)}`
		})
	})
	const names = classes.flatMap((name, i) => [
		text(cut(name, 14), left - 8, top + i * side + side / 2 + 4, 'end'),
		text(cut(name, most), left + i * side + side / 2, top - 8, 'middle'),
	])
	const axes =
		text('decision', left + (side * classes.length) / 2, 16, 'middle', 'label') +
		text('actual', 8, top - 8, 'start', 'label')
	return svg(caption, size, cells.join('') + names.join('') + axes)
}

const shortCount = (count: number, most: number): string => {
	const plain = count.toLocaleString('en')
	if (plain.length <= most) return plain
	return count >= 1e6
		? `${(count / 1e6).toFixed(1)}M`
		: count >= 1000
			? `${Math.round(count / 1000)}k`
			: String(count)
}
