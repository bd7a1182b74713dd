import type { CalibrationPoint } from '../../stats/performance/calibration.ts'
import { numberText } from '../number-text.ts'
import { type Caption, frame, line, linearBars, path, px, svg } from './svg.ts'

/**
 * Share positive against mean score, with 95% intervals, beside the diagonal of perfect calibration; under it how many
 * rows each point stands for.
 */
export function calibrationChart(caption: Caption, points: readonly CalibrationPoint[]): string {
	const of = (label: string) => ({ label, range: [0, 1] as const })
	const { x, y, size, box, body } = frame(of('mean score'), of('share positive'))
	const marks = points.map(({ meanScore, positive: { value, low, high } }) => {
		const at = x.at(meanScore)
		const whisker = Number.isNaN(low)
			? ''
			: line({ x1: at, y1: y.at(low), x2: at, y2: y.at(high) }, 'whisker a')
		return `${whisker}<circle class="dot a" cx="${px(at)}" cy="${px(y.at(value))}" r="4"/>`
	})
	const diagonal = line({ x1: x.at(0), y1: y.at(0), x2: x.at(1), y2: y.at(1) }, 'ideal')
	const curve = path(
		points.map((p) => [x.at(p.meanScore), y.at(p.positive.value)]),
		'curve a',
	)
	const most = Math.max(1, ...points.map((p) => p.n))
	const counts = linearBars(
		points.map((p) => ({ at: x.at(p.meanScore), share: p.n / most })),
		{ bottom: size.height + 62, height: 44, width: 20 },
	)
	const note = `<text class="tick" x="${px(box.left)}" y="${px(size.height + 12)}">rows at each point, at most ${numberText(most)}</text>`
	const base = line({ x1: box.left, y1: size.height + 62, x2: box.right, y2: size.height + 62 }, 'axis')
	return svg(
		caption,
		{ width: size.width, height: size.height + 70 },
		body + diagonal + curve + marks.join('') + note + counts + base,
	)
}
