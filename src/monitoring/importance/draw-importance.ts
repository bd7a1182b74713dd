import { type Beeswarm, beeswarmSvg, beeswarmText, type Point } from '../../charts/beeswarm.ts'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { midRanks } from '../../stats/ranks.ts'
import type { ScopeQuery } from '../scope.ts'
import { type ExplainedRow, explainedSample } from './explained-sample.ts'
import { importanceScope, outputIndex, outputName } from './importance-scope.ts'
import { maxExplained } from './read-importance.ts'

/** A picture, and its content as text of at most 2,000 characters. */
export type DrawnImportance = { svg: string; alt: string }

/**
 * A beeswarm of the rows that `readImportance` explains; of several classes the first, unless `output` names another.
 * Throws as `readImportance` does, and `conflict` where no row could be explained.
 */
export async function drawImportance(
	context: Context,
	actor: Actor,
	{ output, ...query }: ScopeQuery & { output?: string | undefined },
): Promise<DrawnImportance> {
	const { explainer, query: period, shown } = await importanceScope(context, actor, query)
	const of = outputIndex(explainer.model, output)
	const name = outputName(explainer.model, of)
	const { explained, rows } = await explainedSample(context, explainer, period, maxExplained)
	if (explained.length === 0)
		throw new AppError(
			'conflict',
			'There is nothing to draw: no row of the period can be explained. …/importance says why.',
		)
	const day = (time: string) => time.slice(0, 16).replace('T', ' ')
	const data: Beeswarm = {
		title: `What moves ${shown.model} version ${shown.version}${name === undefined ? '' : `, class ${name}`}`,
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
	let next = 0
	return explained.map((row, i) => ({
		contribution: contributionOf(row),
		percentile: typeof values[i] === 'number' ? ((ranks[next++] as number) - 0.5) / ranks.length : null,
	}))
}
