import { numberText } from '../number-text.ts'
import { linearScale } from './scale.ts'
import { type Caption, cut, escape, line, px, rect, svg, text } from './svg.ts'

export type IntervalBar = { name: string; value: number; low: number; high: number }

const rowHeight = 24
const width = 420
const left = 130
const right = 56

/** A bar a group with its interval as a whisker, from 0 up; the names at the left, the figures at the right. */
export function intervalBars(caption: Caption, label: string, bars: readonly IntervalBar[]): string {
	const known = bars.flatMap(({ value, high }) => [value, high]).filter(Number.isFinite)
	const x = linearScale([0, Math.max(1e-9, ...known)], [left, width - right], 4)
	const bottom = 8 + bars.length * rowHeight
	const grid = x.ticks.map(
		(t) =>
			line({ x1: x.at(t), y1: 4, x2: x.at(t), y2: bottom }, 'grid') +
			text(numberText(t), x.at(t), bottom + 16, 'middle'),
	)
	const rows = bars.map(({ name, value, low, high }, i) => {
		const top = 8 + i * rowHeight
		const middle = top + rowHeight / 2
		const heading = text(cut(name, 20), left - 8, middle + 4, 'end')
		if (!Number.isFinite(value)) return heading + text('too few rows', left + 6, middle + 4, 'start')
		const whisker =
			Number.isFinite(low) && Number.isFinite(high)
				? line({ x1: x.at(low), y1: middle, x2: x.at(high), y2: middle }, 'whisker ink') +
					[low, high]
						.map((end) =>
							line({ x1: x.at(end), y1: middle - 4, x2: x.at(end), y2: middle + 4 }, 'whisker ink'),
						)
						.join('')
				: ''
		const bar = rect(left, top + 4, x.at(value) - left, rowHeight - 8, 'bar see a')
		return heading + bar + whisker + text(numberText(value), width - right + 8, middle + 4, 'start')
	})
	const axis = `<text class="label" text-anchor="middle" x="${px((left + width - right) / 2)}" y="${px(bottom + 36)}">${escape(label)}</text>`
	return svg(caption, { width, height: bottom + 44 }, grid.join('') + rows.join('') + axis)
}
