import { roundUp } from './scale.ts'

/** Charts of block characters, for a code block in a fixed-width font. Nothing in them is escaped. */

/** One window of a trend; null where there is no value. */
export type Slot = { value: number | null; estimate: number | null; isProvisional: boolean }

const rise = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const eighths = rise.length
const rows = 6
/** Up to this many windows, a column is two characters wide, so that it can be seen. */
const fewSlots = 15

// Beyond it, the difference of two numbers may be infinite.
const maxDrawn = 1e300
const isNumber = (x: number | null): x is number => x !== null && Math.abs(x) < maxDrawn

/** The range of an axis: that of the values, so that small changes can be seen. */
function axisOf(values: readonly number[]): { low: number; high: number } {
	const [low, high] = [Math.min(...values), Math.max(...values)]
	if (high > low) return { low, high }
	const margin = Math.abs(low) / 20 || 0.5
	return { low: low - margin, high: high + margin }
}

/** As many digits as tell the labels of an axis apart. */
export function axisLabel(value: number, span: number): string {
	const decimals = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(span))))
	const text = value.toFixed(decimals)
	return Number(text) === 0 ? text.replace('-', '') : text
}

/**
 * Windows as columns of blocks above the lowest value, and estimates as a line of blocks below, on the same axis. `first`
 * and `last` are the dates of the ends. Empty when no window has a value.
 */
export function trendChart(slots: readonly Slot[], first: string, last: string): string[] {
	const values = slots.flatMap((s) => [s.value, s.estimate]).filter(isNumber)
	if (values.length === 0) return []
	const axis = axisOf(values)
	const span = axis.high - axis.low
	const marks = [axis.high, axis.low + span / 2, axis.low].map((v) => axisLabel(v, span))
	const hasEstimates = slots.some((s) => isNumber(s.estimate))
	const gutter = Math.max(...marks.map((m) => m.length), hasEstimates ? 'estimate'.length : 0)
	const width = slots.length <= fewSlots ? 2 : 1
	const line = (label: string, edge: string, draw: (slot: Slot) => string) =>
		`${label.padStart(gutter)} ${edge}${slots.map((s) => draw(s).repeat(width)).join('')}`.trimEnd()
	const share = (value: number) => (value - axis.low) / span
	const cell = (value: number | null, row: number): string => {
		if (!isNumber(value)) return ' '
		const height = 1 + Math.round(share(value) * (rows * eighths - 1)) - eighths * (rows - 1 - row)
		return height <= 0 ? ' ' : (rise[Math.min(eighths, height) - 1] as string)
	}
	const columns = Array.from({ length: rows }, (_, row) => {
		const label = row === 0 ? marks[0] : row === rows / 2 ? marks[1] : ''
		return line(label ?? '', label ? '┤' : '│', (s) => cell(s.value, row))
	})
	const level = (value: number | null) =>
		isNumber(value) ? (rise[Math.round(share(value) * (eighths - 1))] as string) : ' '
	const room = slots.length * width
	const dates =
		first === last ? first : `${first}${last.padStart(Math.max(room - first.length, last.length + 4))}`
	return [
		...columns,
		line(marks[2] as string, '└', () => '─'),
		...(slots.some((s) => s.isProvisional) ? [line('', ' ', (s) => (s.isProvisional ? 'p' : ' '))] : []),
		...(hasEstimates ? [line('estimate', ' ', (s) => level(s.estimate))] : []),
		`${' '.repeat(gutter + 2)}${dates}`,
	]
}

/** One bar and the note after it; null where there is no value. */
export type Bar = {
	name: string
	value: number | null
	low: number | null
	high: number | null
	note: string
}

const barWidth = 24
const maxName = 24

const shorten = (name: string): string =>
	[...name].length > maxName ? `${[...name].slice(0, maxName - 1).join('')}…` : name

/**
 * Bars from 0, solid up to the low end of the interval and shaded up to its high end. A bar without an interval is solid
 * up to its value. Values below 0 have no bar.
 */
export function barChart(bars: readonly Bar[]): string[] {
	const highest = Math.max(0, ...bars.map((b) => b.high ?? b.value ?? 0))
	const end = highest > 0 ? roundUp(highest) : 1
	const names = bars.map((b) => shorten(b.name))
	const gutter = Math.max(0, ...names.map((n) => [...n].length))
	const pad = (text: string) => text + ' '.repeat(gutter - [...text].length)
	const drawn = bars.map((bar, i) => {
		const solid = bar.low ?? bar.value ?? 0
		const shaded = bar.high ?? solid
		const cells = Array.from({ length: barWidth }, (_, c) => {
			const middle = ((c + 0.5) / barWidth) * end
			return middle <= solid ? '█' : middle <= shaded ? '▒' : ' '
		})
		return `${pad(names[i] as string)} │${cells.join('')} ${bar.note}`
	})
	const mark = axisLabel(end, end)
	return [...drawn, `${pad('')} └${'─'.repeat(barWidth)}`, `${pad('')} 0${mark.padStart(barWidth)}`]
}

/** A contribution up or down and the note after it. */
export type SignedBar = { name: string; value: number; note: string }

const halfWidth = 10

/** Bars to the left and right of zero, all on one scale. */
export function signedChart(bars: readonly SignedBar[]): string[] {
	const largest = Math.max(...bars.map((b) => Math.abs(b.value)), Number.MIN_VALUE)
	const gutter = Math.max(0, ...bars.map((b) => [...b.name].length))
	return bars.map(({ name, value, note }) => {
		const cells = value === 0 ? 0 : Math.max(1, Math.round((Math.abs(value) / largest) * halfWidth))
		const left = value < 0 ? '█'.repeat(cells) : ''
		const right = value > 0 ? '█'.repeat(cells) : ''
		const padded = name + ' '.repeat(gutter - [...name].length)
		return `${padded} ${left.padStart(halfWidth)}│${right.padEnd(halfWidth)} ${note}`
	})
}
