import { ExactSum } from '../../summaries/inputs/exact-sum.ts'
import { largest } from '../../summaries/outcomes/contribute.ts'
import { binCount, GroupSummary, groupCounts } from '../../summaries/outcomes/group-summary.ts'
import { firstLabel, type Grouping, type Rows } from './rows.ts'

type Count = (typeof groupCounts)[number]
const at = Object.fromEntries(groupCounts.map((name, i) => [name, i])) as Record<Count, number>
const evaluated: readonly (readonly [Count, Count])[] = [
	['tp', 'fp'],
	['fn', 'tn'],
]

/**
 * What a window's tally knows of each group, from columns: the same counts, and sums that are the same to the bit.
 * `compared` is the class that decisions and outcomes are positive by.
 */
export function summariseGroups(rows: Rows, { names, codes }: Grouping, compared: string): GroupSummary[] {
	const outcomeSummaries = names.map(() => new GroupSummary())
	const yes = firstLabel + rows.classes.indexOf(compared)
	const isBinary = rows.task === 'binary' || yes >= firstLabel
	for (let row = 0; row < rows.count; row++) {
		const outcomeSummary = outcomeSummaries[codes[row] as number] as GroupSummary
		const { counts } = outcomeSummary
		const add = (name: Count) => {
			counts[at[name]] = (counts[at[name]] as number) + 1
		}
		add('n')
		const [decision, label] = [rows.decisions[row] as number, rows.labels[row] as number]
		const score = rows.scores[row] as number
		if (decision >= firstLabel) add('decided')
		if (decision === yes) add('selected')
		if (Math.abs(score) <= largest) addScore(outcomeSummary, score)
		if (label < firstLabel) continue
		add('labelled')
		const isPositive = label === yes
		if (isPositive) add('positives')
		if (isBinary && decision >= firstLabel)
			add((evaluated[decision === yes ? 0 : 1] as (typeof evaluated)[0])[isPositive ? 0 : 1])
		if (score >= 0 && score <= 1) addToBin(outcomeSummary, score, isPositive)
	}
	return outcomeSummaries
}

function addScore(outcomeSummary: GroupSummary, score: number): void {
	outcomeSummary.counts[at.scored] = (outcomeSummary.counts[at.scored] as number) + 1
	sumOf(outcomeSummary, 0).add(score)
	sumOf(outcomeSummary, 1).add(score * score)
}

/** As `GroupTally.addToBin`. */
function addToBin(outcomeSummary: GroupSummary, score: number, isPositive: boolean): void {
	const bin = Math.min(binCount - 1, Math.floor(score * binCount))
	const first = groupCounts.length + 2 * bin
	outcomeSummary.counts[first] = (outcomeSummary.counts[first] as number) + 1
	if (isPositive) outcomeSummary.counts[first + 1] = (outcomeSummary.counts[first + 1] as number) + 1
	sumOf(outcomeSummary, 2 + bin).add(score)
}

function sumOf({ sums }: GroupSummary, i: number): ExactSum {
	let sum = sums[i]
	if (!sum) {
		sum = new ExactSum()
		sums[i] = sum
	}
	return sum
}

/** The rows of each group, by number, in one array that holds them side by side. */
export function rowsByGroup({ names, codes }: Grouping): Uint32Array[] {
	const sizes = new Uint32Array(names.length)
	for (let row = 0; row < codes.length; row++) {
		const code = codes[row] as number
		sizes[code] = (sizes[code] as number) + 1
	}
	const all = new Uint32Array(codes.length)
	let from = 0
	const parts = Array.from(sizes, (size) => {
		from += size
		return all.subarray(from - size, from)
	})
	const next = new Uint32Array(names.length)
	for (let row = 0; row < codes.length; row++) {
		const code = codes[row] as number
		const part = parts[code] as Uint32Array
		part[next[code] as number] = row
		next[code] = (next[code] as number) + 1
	}
	return parts
}
