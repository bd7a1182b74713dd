import { seeded } from '../../core/random.ts'
import { type Attribution, checkedAttribution } from '../model.ts'
import { drawPair, type Fit, fitPairs, type Measured, type Pair, planPairs } from './coalitions.ts'

/** Scores many rows: the outputs of each row. */
export type BatchFunction = (rows: Float64Array[]) => Promise<Float64Array[]>

export type KernelShapOptions = {
	/** Columns that are one feature together. Default: every column is a feature. */
	groups?: readonly (readonly number[])[]
	/** The maximum number of coalitions; each scores one row per background row. Default: 2 a feature + 2,048. */
	evaluations?: number
	/** Stop when the largest standard error is below this share of the contributions' range. 0: use the whole budget. */
	precision?: number
	/** Equal seeds give equal results. */
	seed?: number
	/** The maximum number of rows in one call of the model. */
	batchRows?: number
}

export type KernelShap = Attribution & {
	/** The number of coalitions, and of rows that the model scored. */
	evaluations: number
	rows: number
}

type Game = {
	players: number
	/** The mean score over the background, with the coalition's features taken from the row, by output. */
	values(coalitions: readonly Uint8Array[]): Promise<Float64Array[]>
	used: { evaluations: number; rows: number }
}

/**
 * Shapley values of any model against a background (interventional: absent features come from its rows), by weighted
 * least squares over coalitions (KernelSHAP, Lundberg & Lee 2017), each evaluated with its complement. Features that are equal
 * in the row and all of the background are not players. When the budget covers every coalition, the values are exact
 * (`exact/kernel-shap`); else they are estimates with standard errors, which cover the drawn coalitions, not the choice of the
 * background. `base` is the mean output over the background. Throws RangeError for an empty
 * background, rows of other lengths, a budget too small to determine every contribution, or outputs that are not numbers.
 */
export async function kernelShap(
	model: BatchFunction,
	x: Float64Array,
	background: readonly Float64Array[],
	options: KernelShapOptions = {},
): Promise<KernelShap> {
	if (background.length === 0) throw new RangeError('KernelSHAP needs a background of one row or more')
	if (background.some((row) => row.length !== x.length))
		throw new RangeError('the rows of the background must have the columns of the row')
	const groups = options.groups ?? Array.from(x, (_, i) => [i])
	const moving = groups.flatMap((columns, i) => (varies(columns, x, background) ? [i] : []))
	const game = openGame(
		model,
		x,
		background,
		moving.map((i) => groups[i] ?? []),
		options.batchRows ?? 4096,
	)
	const players = moving.length
	const [base, margin] = (await game.values([new Uint8Array(players), new Uint8Array(players).fill(1)])) as [
		Float64Array,
		Float64Array,
	]
	const total = margin.map((m, k) => m - (base[k] as number))
	const fit =
		players > 1
			? await estimate(game, total, options)
			: { contributions: alone(total, players), standardErrors: undefined }
	const spreadOut = (values: Float64Array): Float64Array => {
		const all = new Float64Array(groups.length)
		moving.forEach((feature, i) => {
			all[feature] = values[i] as number
		})
		return all
	}
	const attribution = checkedAttribution(
		{
			method: fit.standardErrors ? 'estimate/kernel-shap' : 'exact/kernel-shap',
			base,
			margin,
			contributions: fit.contributions.map(spreadOut),
			...(fit.standardErrors ? { standardErrors: fit.standardErrors.map(spreadOut) } : {}),
		},
		1e-9,
	)
	return { ...attribution, ...game.used }
}

const alone = (total: Float64Array, players: number): Float64Array[] =>
	Array.from(total, (sum) => new Float64Array(players).fill(sum))

const varies = (columns: readonly number[], x: Float64Array, background: readonly Float64Array[]): boolean =>
	columns.some((c) => background.some((row) => !Object.is(row[c], x[c]) && row[c] !== x[c]))

function openGame(
	model: BatchFunction,
	x: Float64Array,
	background: readonly Float64Array[],
	groups: readonly (readonly number[])[],
	batchRows: number,
): Game {
	const used = { evaluations: 0, rows: 0 }
	const score = async (rows: Float64Array[]): Promise<Float64Array[]> => {
		const outputs = await model(rows)
		if (outputs.length !== rows.length || outputs.some((o) => !o.every(Number.isFinite)))
			throw new RangeError('the model did not return a number for every row')
		used.rows += rows.length
		return outputs
	}
	const mixed = (coalition: Uint8Array, row: Float64Array): Float64Array => {
		const made = Float64Array.from(row)
		groups.forEach((columns, i) => {
			if (coalition[i] === 1) for (const c of columns) made[c] = x[c] as number
		})
		return made
	}
	const values = async (coalitions: readonly Uint8Array[]): Promise<Float64Array[]> => {
		const rows: Float64Array[] = []
		const sums: Float64Array[] = []
		const flush = async (from: number) => {
			const outputs = await score(rows.splice(0))
			outputs.forEach((output, i) => {
				const at = Math.floor((from + i) / background.length)
				const sum = sums[at] ?? new Float64Array(output.length)
				sums[at] = sum
				output.forEach((o, k) => {
					sum[k] = (sum[k] as number) + o / background.length
				})
			})
		}
		let made = 0
		for (const coalition of coalitions)
			for (const row of background) {
				rows.push(mixed(coalition, row))
				made++
				if (rows.length >= batchRows) await flush(made - rows.length)
			}
		if (rows.length > 0) await flush(made - rows.length)
		used.evaluations += coalitions.length
		return sums
	}
	return { players: groups.length, values, used }
}

const key = (pair: Pair): string => String.fromCharCode(...pair)

const complement = (pair: Pair): Pair => pair.map((p) => 1 - p)

/** Draws in rounds until the errors are small enough or the budget is used up. */
async function estimate(game: Game, total: Float64Array, options: KernelShapOptions): Promise<Fit> {
	const { players } = game
	const maxPairs = Math.floor((options.evaluations ?? 2 * players + 2048) / 2)
	const plan = planPairs(players, maxPairs)
	const random = seeded(options.seed ?? 1)
	const known = new Map<string, Float64Array>()
	const measure = async (pairs: readonly Pair[]) => {
		const fresh = [...new Map(pairs.map((p) => [key(p), p])).values()].filter((p) => !known.has(key(p)))
		const values = await game.values(fresh.flatMap((p) => [p, complement(p)]))
		fresh.forEach((p, i) => {
			const other = values[2 * i + 1] as Float64Array
			known.set(
				key(p),
				(values[2 * i] as Float64Array).map((v, k) => v - (other[k] as number)),
			)
		})
	}
	const at = (pair: Pair): Float64Array => known.get(key(pair)) as Float64Array
	await measure(plan.fixed.map(({ pair }) => pair))
	const fixed: Measured[] = plan.fixed.map((f) => ({ ...f, difference: at(f.pair), drawn: false }))
	if (plan.drawn.length === 0) return determined(fitPairs(fixed, total))
	const drawn: Pair[] = []
	const round = Math.max(64, 2 * players)
	let fit: Fit | undefined
	// Repeated pairs cost nothing, so the draws are bounded too: a small game would never use up its budget.
	for (
		let left = maxPairs - known.size, draws = 0;
		left > 0 && draws < 4 * maxPairs;
		left = maxPairs - known.size
	) {
		const pairs = Array.from({ length: Math.min(round, left) }, () => drawPair(players, plan, random))
		draws += pairs.length
		await measure(pairs)
		drawn.push(...pairs)
		const weight = plan.drawnWeight / drawn.length
		const chance = drawn.map((pair) => ({ pair, weight, difference: at(pair), drawn: true }))
		const isLast = maxPairs - known.size <= 0
		if (drawn.length < 2 * round && !isLast) continue
		fit = fitPairs([...fixed, ...chance], total)
		if (fit && isPrecise(fit, options.precision ?? 0.01)) break
	}
	return determined(fit)
}

function determined(fit: Fit | undefined): Fit {
	if (fit) return fit
	throw new RangeError(
		'the budget of evaluations is too small to separate the contributions; allow at least four a feature, better twenty',
	)
}

const isPrecise = ({ contributions, standardErrors }: Fit, precision: number): boolean =>
	contributions.every((values, k) => {
		const range = Math.max(...values) - Math.min(...values)
		return Math.max(...(standardErrors?.[k] ?? [])) <= precision * range
	})
