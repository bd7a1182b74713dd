import { dayMs, weekMs, windowStart } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { BatchBuilder } from '../../src/summaries/inputs/batch-builder.ts'
import type { FeatureSpec } from '../../src/summaries/inputs/bins.ts'
import type { RowBatch } from '../../src/summaries/inputs/columns.ts'

/** Kinds of traffic in which nothing has changed, however different its days look. */
export const kinds = ['i.i.d.', 'weekend mix', 'day level', 'growing id', 'same subjects'] as const
export type Kind = (typeof kinds)[number]

const numbers = ['income', 'age', 'balance', 'limit', 'tenure', 'ratio']
const categories = ['region', 'channel']
const identifiers = ['row', 'reference']

export const specsOf = (kind: Kind): FeatureSpec[] => [
	...numbers.map((name): FeatureSpec => ({ name, type: 'numeric' })),
	...categories.map((name): FeatureSpec => ({ name, type: 'categorical' })),
	...(kind === 'growing id'
		? [
				{ name: 'row', type: 'numeric' as const },
				{ name: 'reference', type: 'categorical' as const },
			]
		: []),
]

export const firstDay = windowStart('7d', Date.parse('2026-03-02T00:00:00Z'))

/** Of a day: how far each numeric feature is from its mean, in standard deviations, and the shares of a category. */
type Day = { level: readonly number[]; shares: readonly number[] }

/** The traffic of one model, day by day. The same seed makes the same model. */
export class Traffic {
	private readonly chance: Chance
	private readonly kind: Kind
	private levels: number[] = numbers.map(() => 0)
	private row = 0
	private readonly entities: { numbers: number[]; picks: number[] }[] = []

	constructor(kind: Kind, seed: number) {
		this.kind = kind
		this.chance = new Chance(seed)
		if (kind === 'day level') this.levels = numbers.map(() => 0.2 * this.chance.normal())
	}

	/** Rows of which each could have come on any day of the weeks before: without times, as of a training file. */
	baseline(rows: number, labelled = false): RowBatch {
		const builder = new BatchBuilder(rows)
		const days = Array.from({ length: 56 }, (_, d) => this.day(firstDay - 8 * weekMs + d * dayMs))
		for (let i = 0; i < rows; i++) {
			const d = Math.floor((i * days.length) / rows)
			const at = firstDay - 8 * weekMs + d * dayMs + Math.floor(this.chance.uniform() * dayMs)
			this.add(builder, days[d] as Day, labelled ? at : Number.NaN, 0)
		}
		if (this.kind === 'same subjects') this.meet()
		return builder.finish()
	}

	/** The rows of one day. `shift`: how far the first feature has moved for good, in standard deviations. */
	rowsOf(day: number, rows: number, shift = 0): RowBatch {
		const from = firstDay + day * dayMs
		const builder = new BatchBuilder(rows)
		const today = this.day(from)
		for (let i = 0; i < rows; i++) this.add(builder, today, from + Math.floor((i * dayMs) / rows), shift)
		return builder.finish()
	}

	private day(from: number): Day {
		const isWeekend = from - windowStart('7d', from) >= 5 * dayMs
		const differs = this.kind === 'weekend mix' && isWeekend
		if (this.kind === 'day level')
			this.levels = this.levels.map((l) => 0.3 * l + 0.2 * Math.sqrt(1 - 0.3 ** 2) * this.chance.normal())
		return {
			level: numbers.map((_, f) => (this.levels[f] as number) + (differs && f < 3 ? 0.35 : 0)),
			shares: differs ? [0.35, 0.3, 0.35] : [0.5, 0.3, 0.2],
		}
	}

	/** The subjects that all rows from now on are about: others than those of the baseline, of one population. */
	private meet(): void {
		for (let e = 0; e < 60; e++)
			this.entities.push({
				numbers: numbers.map(() => this.chance.normal()),
				picks: categories.map(() => this.chance.uniform()),
			})
	}

	private add(builder: BatchBuilder, { level, shares }: Day, timestamp: number, shift: number): void {
		const { chance, entities } = this
		const number = this.row++
		const subject = entities.length > 0 ? number % entities.length : undefined
		const entity = subject === undefined ? undefined : entities[subject]
		const features: Record<string, unknown> = {}
		numbers.forEach((name, f) => {
			const own = entity ? (entity.numbers[f] as number) : chance.normal()
			features[name] = own + (level[f] as number) + (f === 0 ? shift : 0)
		})
		categories.forEach((name, c) => {
			const at = entity ? (entity.picks[c] as number) : chance.uniform()
			const [a, b] = shares as [number, number]
			features[name] = at < a ? 'a' : at < a + b ? 'b' : 'c'
		})
		if (this.kind === 'growing id') {
			features[identifiers[0] as string] = 1_000_000 + 7 * number + Math.floor(chance.uniform() * 7)
			features[identifiers[1] as string] = `R${chance.uniform().toString(36).slice(2)}`
		}
		builder.add({
			id: `${number}`,
			timestamp,
			features,
			score: 1 / (1 + Math.exp(-(features.age as number))),
			subject: subject === undefined ? undefined : `e${subject}`,
		})
	}
}
