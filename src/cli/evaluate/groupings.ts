import { ExactSum } from '../../summaries/inputs/exact-sum.ts'
import { bandOf } from '../../summaries/outcomes/bands.ts'
import { largest } from '../../summaries/outcomes/contribute.ts'
import { maxPaired } from '../../summaries/outcomes/join-index.ts'
import { missingGroup } from '../../summaries/outcomes/make-join-index.ts'
import { GroupSummary, groupCounts, scoreBinCount } from '../../summaries/outcomes/outcome-summary.ts'
import { cellOf } from '../../tables/cell-text.ts'
import { type CodeColumn, firstCode } from './code-column.ts'
import { codesFor, firstLabel, type Grouping, type Rows } from './rows.ts'

/** As in the service: up to `maxCodes` numbers are codes, and beyond `maxValues` values the rest is one group. */
const maxCodes = 20
const maxValues = 200
const bandCount = 5
const otherGroup = '(other)'

/** The groups of a column, including the missing one. Numbers that are not codes form five bands of similar size. */
export function groupingOf(
	name: string,
	column: CodeColumn,
	{ bands, notes }: { bands: boolean; notes: string[] },
): Grouping {
	const { values, codes: cells } = column.named()
	const counts = new Float64Array(firstCode + values.length)
	for (let row = 0; row < cells.length; row++) {
		const code = cells[row] as number
		counts[code] = (counts[code] as number) + 1
	}
	const numbers = values.map((text) => cellOf(undefined, text))
	if (bands && numbers.length > maxCodes && areNumbers(numbers)) {
		const edges = quantileEdges(numbers, counts.subarray(firstCode))
		notes.push(`"${name}" has ${numbers.length} values: its groups are ${edges.length + 1} bands.`)
		return coded(cells, ['', '', ...numbers.map((x) => bandOf(edges, x))])
	}
	const kept = bands && numbers.length > maxValues ? maxFrequent(counts) : undefined
	if (kept)
		notes.push(
			`"${name}" has ${numbers.length} values: all but the ${maxValues} largest groups are merged into one.`,
		)
	return coded(cells, ['', '', ...values.map((v, i) => (kept && !kept.has(i) ? otherGroup : v))])
}

/** Digits that are ids, such as 007 and integers beyond 2^53, are not numbers. */
const areNumbers = (cells: readonly unknown[]): cells is number[] =>
	cells.every((cell) => typeof cell === 'number')

/** Groups rows by the texts of their codes; an empty text is missing. */
function coded(cells: ArrayLike<number>, texts: readonly string[]): Grouping {
	const names: string[] = []
	const index = new Map<string, number>()
	const groupOf = texts.map((text) => {
		const name = text || missingGroup
		const known = index.get(name)
		if (known !== undefined) return known
		index.set(name, names.length)
		return names.push(name) - 1
	})
	const codes = codesFor(cells.length, names.length)
	for (let row = 0; row < cells.length; row++) codes[row] = groupOf[cells[row] as number] as number
	return { names, codes }
}

/** The values below which a fifth, two fifths … of the rows are. */
function quantileEdges(numbers: readonly number[], counts: Float64Array): number[] {
	const order = numbers.map((_, i) => i).sort((a, b) => (numbers[a] as number) - (numbers[b] as number))
	const rows = counts.reduce((a, b) => a + b, 0)
	const edges = new Set<number>()
	let below = 0
	for (const i of order) {
		const part = Math.floor((below * bandCount) / rows)
		if (part > edges.size && part < bandCount) edges.add(numbers[i] as number)
		below += counts[i] as number
	}
	return [...edges]
}

const maxFrequent = (counts: Float64Array): Set<number> =>
	new Set(
		Array.from(counts.subarray(firstCode), (n, i) => ({ n, i }))
			.sort((a, b) => b.n - a.n)
			.slice(0, maxValues)
			.map(({ i }) => i),
	)

/** A grouping by one column or by two; `values` are the columns' values of each group. */
export type Attribute = Grouping & { name: string; columns: string[]; values: string[][] }

/** Each column, then each pair of columns, in the given order. */
export function attributesOf(rows: Rows, notes: string[]): Attribute[] {
	const single = [...rows.groups].map(
		([name, grouping]): Attribute => ({
			...grouping,
			name,
			columns: [name],
			values: grouping.names.map((value) => [value]),
		}),
	)
	if (single.length > maxPaired) {
		notes.push(`There are more than ${maxPaired} attributes: pairs are not compared.`)
		return single
	}
	const pairs = single.flatMap((a, i) => single.slice(i + 1).map((b) => crossed(a, b)))
	return [...single, ...pairs]
}

/** Groups rows by the values of two attributes: `a x b`, with the pairs that occur. */
export function crossed(a: Attribute, b: Attribute): Attribute {
	const width = b.names.length
	const index = new Int32Array(a.names.length * width).fill(-1)
	const values: string[][] = []
	const codes = codesFor(a.codes.length, index.length)
	for (let row = 0; row < codes.length; row++) {
		const [i, j] = [a.codes[row] as number, b.codes[row] as number]
		const cell = i * width + j
		let code = index[cell] as number
		if (code === -1) {
			code = values.push([a.names[i] as string, b.names[j] as string]) - 1
			index[cell] = code
		}
		codes[row] = code
	}
	return {
		name: `${a.name} x ${b.name}`,
		columns: [...a.columns, ...b.columns],
		values,
		names: values.map((v) => v.join(' x ')),
		codes,
	}
}

type Count = (typeof groupCounts)[number]
const at = Object.fromEntries(groupCounts.map((name, i) => [name, i])) as Record<Count, number>
const evaluated: readonly (readonly [Count, Count])[] = [
	['tp', 'fp'],
	['fn', 'tn'],
]

/**
 * The same summary of each group as in the service, from columns: equal counts, and sums equal to the bit. `compared` is the
 * positive class of decisions and outcomes.
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

/** As in `GroupSummary`. */
function addToBin(outcomeSummary: GroupSummary, score: number, isPositive: boolean): void {
	const bin = Math.min(scoreBinCount - 1, Math.floor(score * scoreBinCount))
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

/** The row numbers of each group, as parts of one array. */
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
