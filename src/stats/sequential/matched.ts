import { areaUnderRoc } from '../performance/roc.ts'
import { classTotals, countScores } from '../score-counts.ts'
import { addLoss, type LossSums, noLosses } from './confidence-sequence.ts'

/** The champion's row for a request, the challenger's, or both. */
export type Item<T> = { period: number; champion?: T | undefined; challenger?: T | undefined }

/** Gains of blocks, and the two versions' means over the same blocks; NaN without blocks. `rows`: the number examined. */
export type Matched = { gains: LossSums; champion: number; challenger: number; rows: number }

/** One version's rows of a block. */
type Part<T> = { add(row: T): void; isEnough: boolean; value(): number }

/**
 * Cuts items into the shortest runs in which both versions have what they need, and never across periods: versions are
 * compared on rows of one time, so neither drift nor a share of traffic that changes makes one of them look better.
 * A pair is a run of its own. Where the split does not follow the losses, equal versions have a mean gain of 0.
 */
class Blocks<T> {
	private period = Number.NaN
	private champion: Part<T>
	private challenger: Part<T>
	private gains = noLosses
	private sums = { champion: 0, challenger: 0 }
	private rows = 0
	private readonly kind: { newPart: (blocks: number) => Part<T>; isUsable: (row: T) => boolean; sign: 1 | -1 }

	/** `newPart` takes the number of blocks so far. `sign`: 1 where more is better, -1 for a loss. */
	constructor(kind: Blocks<T>['kind']) {
		this.kind = kind
		this.champion = kind.newPart(0)
		this.challenger = kind.newPart(0)
	}

	add({ period, champion, challenger }: Item<T>): void {
		if (period !== this.period) this.clear(period)
		const own = champion !== undefined && this.kind.isUsable(champion)
		const other = challenger !== undefined && this.kind.isUsable(challenger)
		// Half a pair is not used: the other half may be missing because of its value.
		const isHalf = champion !== undefined && challenger !== undefined && !(own && other)
		if (isHalf || (!own && !other)) return
		if (own) this.champion.add(champion)
		if (other) this.challenger.add(challenger)
		this.rows++
		if (this.champion.isEnough && this.challenger.isEnough) this.close(period)
	}

	private close(period: number): void {
		const [a, b] = [this.champion.value(), this.challenger.value()]
		this.gains = addLoss(this.gains, this.kind.sign * (b - a))
		this.sums.champion += a
		this.sums.challenger += b
		this.clear(period)
	}

	private clear(period: number): void {
		this.period = period
		this.champion = this.kind.newPart(this.gains.n)
		this.challenger = this.kind.newPart(this.gains.n)
	}

	matched(): Matched {
		const { n } = this.gains
		const { champion, challenger } = this.sums
		return { gains: this.gains, champion: champion / n, challenger: challenger / n, rows: this.rows }
	}
}

/** A block's gain is the champion's mean loss less the challenger's. `lossOf` is NaN for a row that is left out. */
export const lossBlocks = <T>(lossOf: (row: T) => number): Blocks<T> =>
	new Blocks({ newPart: () => new MeanPart(lossOf), isUsable: (row) => !Number.isNaN(lossOf(row)), sign: -1 })

class MeanPart<T> implements Part<T> {
	private n = 0
	private sum = 0
	private readonly lossOf: (row: T) => number

	constructor(lossOf: (row: T) => number) {
		this.lossOf = lossOf
	}

	add(row: T): void {
		this.n++
		this.sum += this.lossOf(row)
	}

	get isEnough(): boolean {
		return this.n > 0
	}

	value(): number {
		return this.sum / this.n
	}
}

export type Member = { value: number; isMember: boolean }

/** Blocks with members of a group and others in either version; a block's gain is how much further above the others' mean the challenger's members are. */
export const gapBlocks = (): Blocks<Member> =>
	new Blocks({ newPart: () => new GapPart(), isUsable: ({ value }) => !Number.isNaN(value), sign: 1 })

class GapPart implements Part<Member> {
	private readonly members = new MeanPart<Member>(({ value }) => value)
	private readonly others = new MeanPart<Member>(({ value }) => value)

	add(row: Member): void {
		const part = row.isMember ? this.members : this.others
		part.add(row)
	}

	get isEnough(): boolean {
		return this.members.isEnough && this.others.isEnough
	}

	value(): number {
		return this.members.value() - this.others.value()
	}
}

export type Ranked = { score: number; isPositive: boolean }

/** Small blocks say something early; larger ones have less variance in all. */
const firstBlocks = 100

/**
 * Blocks with both outcomes in either version, each of them twice after the first hundred blocks; a block's gain is the
 * challenger's ROC AUC within it less the champion's.
 */
export const aucBlocks = (): Blocks<Ranked> =>
	new Blocks({
		newPart: (blocks) => new AucPart(blocks < firstBlocks ? 1 : 2),
		isUsable: ({ score }) => !Number.isNaN(score),
		sign: 1,
	})

class AucPart implements Part<Ranked> {
	private readonly scores: number[] = []
	private readonly positives: boolean[] = []
	private positive = 0
	private readonly min: number

	constructor(min: number) {
		this.min = min
	}

	add({ score, isPositive }: Ranked): void {
		this.scores.push(score)
		this.positives.push(isPositive)
		if (isPositive) this.positive++
	}

	get isEnough(): boolean {
		return this.positive >= this.min && this.scores.length - this.positive >= this.min
	}

	value(): number {
		const counts = countScores(this.scores, this.positives)
		return areaUnderRoc(counts, classTotals(counts))
	}
}

/** Of all rows together; NaN without both outcomes. */
export function aucOfRows(rows: readonly Ranked[]): number {
	const part = new AucPart(1)
	for (const row of rows) if (!Number.isNaN(row.score)) part.add(row)
	return part.value()
}
