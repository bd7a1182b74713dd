import { chiSquareHomogeneity } from '../stats/chi-square.ts'
import { wilson } from '../stats/estimate.ts'
import { type MetricValue, notEnoughData, ok } from './metric-value.ts'
import type { OutcomeView } from './outcome-view.ts'

/** The share of predictions with a known outcome. */
export function outcomeCoverage({ outcomeSummary }: OutcomeView): MetricValue {
	const { predictions, labelled, never, unusable, corrections, unknown } = outcomeSummary
	if (predictions === 0) return notEnoughData(0, 'no predictions')
	const known = Math.min(labelled, predictions)
	const notes = [
		never > 0 ? `${never} can never be known` : '',
		unusable > 0 ? `${unusable} outcomes are not a label of this task${examplesOf(unknown)}` : '',
		corrections > 0 ? `${corrections} were corrected` : '',
	].filter((note) => note !== '')
	const value = ok({ value: known / predictions, ...wilson(known, predictions) }, predictions)
	return notes.length === 0 ? value : { ...value, reason: notes.join('; ') }
}

/** Rows of one fifth of the scores, or of one group. */
type Part = { name: string; n: number; labelled: number }
const parts = 5
const minRows = 30

/** Whether outcomes are equally often known at all scores and for all groups. */
export function coverageGap(view: OutcomeView): MetricValue {
	const { outcomeSummary } = view
	const splits = [
		byScore(view),
		...[...outcomeSummary.groups].filter(([name]) => !name.includes(' x ')).map(byGroup),
	]
	const usable = splits.map((s) => s.filter((p) => p.n >= minRows)).filter((s) => s.length >= 2)
	if (usable.length === 0)
		return notEnoughData(outcomeSummary.predictions, `fewer than two parts of ${minRows} rows`)
	const gaps = usable.map(gapOf)
	const p = Math.min(1, Math.min(...gaps.map((g) => g.p)) * gaps.length)
	const widest = gaps.reduce((a, b) => (b.value > a.value ? b : a))
	const value = ok({ value: widest.value, low: Number.NaN, high: Number.NaN, p }, outcomeSummary.predictions)
	if (widest.value === 0) return value
	const reason = `${widest.highest} has most, ${widest.lowest} fewest`
	return { ...value, reason: p < 0.01 ? `outcomes are not missing at random: ${reason}` : reason }
}

function gapOf(split: readonly Part[]) {
	const share = ({ labelled, n }: Part) => labelled / n
	const sorted = [...split].sort((a, b) => share(b) - share(a))
	const [highest, lowest] = [sorted[0] as Part, sorted.at(-1) as Part]
	const labelled = split.map((s) => s.labelled)
	const unlabelled = split.map((s) => s.n - s.labelled)
	const isMixed = labelled.some((n) => n > 0) && unlabelled.some((n) => n > 0)
	const p = isMixed ? chiSquareHomogeneity(labelled, unlabelled).p : 1
	return { value: share(highest) - share(lowest), p, highest: highest.name, lowest: lowest.name }
}

function byScore(view: OutcomeView): Part[] {
	const all = view.outcomeSummary.predictions
	const list: Part[] = Array.from({ length: parts }, (_, i) => ({
		name: `fifth ${i + 1} of the scores`,
		n: 0,
		labelled: 0,
	}))
	let before = 0
	view.eachScore((n, labelled) => {
		const part = list[Math.min(parts - 1, Math.floor((parts * (before + n / 2)) / Math.max(1, all)))] as Part
		part.n += n
		part.labelled += labelled
		before += n
	})
	return list
}

const byGroup = ([attribute, values]: [
	string,
	ReadonlyMap<string, { get(f: 'n' | 'labelled'): number }>,
]): Part[] =>
	[...values].map(([value, group]) => ({
		name: `${attribute}=${value}`,
		n: group.get('n'),
		labelled: group.get('labelled'),
	}))

const maxExamples = 3

function examplesOf(unknown: ReadonlyMap<string, number>): string {
	const texts = [...unknown]
		.filter(([, rows]) => rows > 0)
		.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
	if (texts.length === 0) return ''
	return `, such as ${texts
		.slice(0, maxExamples)
		.map(([text]) => JSON.stringify(text))
		.join(', ')}`
}
