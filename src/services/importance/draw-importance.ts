import type { Actor, Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { type Beeswarm, beeswarmSvg, beeswarmText, type Point } from '../../explain/picture/beeswarm.ts'
import { type ExplainedRow, explainedSample } from './explained-sample.ts'
import { type ImportanceQuery, importanceScope, needKnown } from './importance-scope.ts'
import { mostExplained } from './read-importance.ts'

/** A picture, and all that it shows in at most 2,000 characters. */
export type DrawnImportance = { svg: string; alt: string }

/**
 * What moves the answers of a model, as a beeswarm over the rows that `readImportance` explains; of several classes one, the
 * first unless `output` names another. Throws as `readImportance` does, and `conflict` where no row could be explained.
 */
export async function drawImportance(
	context: Context,
	actor: Actor,
	{ output, ...query }: ImportanceQuery & { output?: string | undefined },
): Promise<DrawnImportance> {
	const { explainer, query: period, shown } = await importanceScope(context, actor, query)
	const classes = explainer.model?.classes ?? []
	if (output !== undefined) needKnown('output', output, classes)
	const of = output === undefined ? 0 : classes.indexOf(output)
	const { explained, rows } = await explainedSample(context, explainer, period, mostExplained)
	if (explained.length === 0)
		throw new AppError(
			'conflict',
			'There is nothing to draw: no row of the period can be explained. …/importance says why.',
		)
	const day = (time: string) => time.slice(0, 16).replace('T', ' ')
	const data: Beeswarm = {
		title: `What moves ${shown.model} version ${shown.version}${classes[of] === undefined ? '' : `, class ${classes[of]}`}`,
		subtitle: `Of ${rows} predictions in ${shown.environment}, ${day(shown.period.from)} to ${day(shown.period.to)} UTC`,
		space: explainer.model?.space ?? 'value',
		rows: explained.length,
		features: explainer.features.map((name, j) => ({
			name,
			points: pointsOf(name, explained, (row) => row.contributions[of]?.[j] ?? 0),
		})),
	}
	return { svg: beeswarmSvg(data), alt: beeswarmText(data) }
}

function pointsOf(
	name: string,
	explained: readonly ExplainedRow[],
	contributionOf: (row: ExplainedRow) => number,
): Point[] {
	const values = explained.map(({ row }) => {
		const value = row.features && Object.hasOwn(row.features, name) ? row.features[name] : null
		return typeof value === 'boolean' ? Number(value) : value
	})
	const ranks = midRanks(values.filter((v) => typeof v === 'number'))
	return explained.map((row, i) => {
		const value = values[i]
		return {
			contribution: contributionOf(row),
			percentile: typeof value === 'number' ? (ranks.get(value) ?? null) : null,
		}
	})
}

/** Where each number stands among all, 0 to 1; equal ones in the middle of their places. */
function midRanks(values: readonly number[]): Map<number, number> {
	const sorted = values.toSorted((a, b) => a - b)
	const ranks = new Map<number, number>()
	for (let from = 0; from < sorted.length; ) {
		const value = sorted[from] as number
		let to = from
		while (to < sorted.length && sorted[to] === value) to++
		ranks.set(value, (from + to) / 2 / sorted.length)
		from = to
	}
	return ranks
}
