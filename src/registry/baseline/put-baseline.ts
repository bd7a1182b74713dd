import { and, eq, isNull, ne } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { sameBytes, sha256, sha256Hex, toHex } from '../../core/bytes.ts'
import { columnHint } from '../../core/column-hint.ts'
import { AppError } from '../../core/errors.ts'
import { type Change, commit } from '../../db/commit.ts'
import { baselines, models } from '../../db/schema.ts'
import { cutByHourOfWeek } from '../../metrics/baseline-slots.ts'
import { referenceOf } from '../../metrics/reference.ts'
import {
	type Bins,
	binCount,
	type FeatureSpec,
	missingBin,
	typeErrorBin,
} from '../../summaries/inputs/bins.ts'
import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { encodeInputSummary } from '../../summaries/inputs/encoding.ts'
import {
	accumulate,
	type DecisionRule,
	emptyInputSummary,
	type InputSummary,
} from '../../summaries/inputs/input-summary.ts'
import { encodeBins, makeBins, maxCategories } from '../../summaries/inputs/make-bins.ts'
import { modelLabels } from '../../summaries/outcomes/label.ts'
import { LabelledRows } from '../../summaries/outcomes/labelled-rows.ts'
import type { OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import { authorise } from '../key/authorise.ts'
import { factMessages } from '../lineage/facts.ts'
import { findModel, type ModelRow } from '../model/find-model.ts'
import { findVersion } from '../version/find-version.ts'
import type { BaselineAnswer } from './baseline.schema.ts'
import { keepBaselineRows } from './baseline-rows.ts'
import { type BaselineRows, collectRows, maxRows, sampleColumns, summarised } from './collect-baseline.ts'

/**
 * Makes a baseline of a version from rows and puts it in force; the replaced one stays readable by its digest. Resolves once
 * the windows logged so far are summarised on the new bins. The same rows again change nothing. Throws `invalid` without rows.
 */
export async function putBaseline(
	context: Context,
	actor: Actor,
	modelName: string,
	versionName: string,
	batches: AsyncIterable<{ batch: RowBatch; actuals?: unknown[] }>,
): Promise<BaselineAnswer> {
	authorise(actor, 'admin', modelName)
	const model = await findModel(context, modelName)
	const version = await findVersion(context, modelName, versionName)
	const { positiveLabel, negativeLabel, threshold } = model
	const rule = { positiveLabel, negativeLabel, threshold }
	const named = modelLabels(model)
	const labelled = new LabelledRows()
	const spec: OutcomeSpec = {
		task: model.task,
		rule: { ...named, threshold },
		attributes: [],
		segments: [],
	}
	const collected = await collectRows(summarised(batches, spec, labelled))
	if (collected.kept === 0)
		throw new AppError('invalid', 'The baseline has no rows.', { faults: [{ path: '', message: 'no rows' }] })
	const { bins, inputSummary, seasons } = await summariseRows(version.features, collected, rule)
	const digest = bins.digest
	const features = bins.columns.map((column, i) => ({
		name: column.name,
		cells: binCount(column),
		warnings: warningsOf(
			column,
			inputSummary.columns[i] as InputSummary['columns'][number],
			inputSummary.rows,
			collected,
		),
	}))
	const unknown = undeclared(version.features, collected.batches)
	const missing = missingFeatures(version.features, collected.batches)
	const summary = [
		...features,
		...unknown.map((name) => ({ name, cells: 0, warnings: [ignored(name, model, missing)] })),
	]
	await store(context, actor, {
		model: modelName,
		version: versionName,
		digest,
		...{ bins, inputSummary, seasons },
		rows: collected.rows,
		summary,
		outcomeSummary: labelled.labelled > 0 ? labelled.encode() : null,
		negativeLabel: named.negativeLabel === null ? (spec.rule.negativeLabel ?? null) : null,
		batches: collected.batches,
	})
	await context.log.rebuild(modelName, versionName, bins)
	return { digest, rows: collected.rows, features: summary }
}

/** Bins and summary of the rows, with slots by hour of week when they cover four weeks: other slots, another baseline. */
async function summariseRows(
	specs: readonly FeatureSpec[],
	{ batches, kept }: BaselineRows,
	rule: DecisionRule,
): Promise<{ bins: Bins; inputSummary: InputSummary; seasons: Uint8Array | null }> {
	const bins = await makeBins(sampleColumns(specs, batches, rule), kept)
	const inputSummary = emptyInputSummary(bins)
	for (const batch of batches) accumulate(inputSummary, bins, batch, undefined, rule)
	const seasons = cutByHourOfWeek(referenceOf(bins.digest, bins, inputSummary), batches, rule)
	if (!seasons) return { bins, inputSummary, seasons: null }
	const digest = await sha256Hex(`${bins.digest} ${toHex(await sha256(seasons))}`)
	return { bins: { ...bins, digest }, inputSummary: { ...inputSummary, binsDigest: digest }, seasons }
}

const sameOutcomes = (a: Uint8Array | null, b: Uint8Array | null) =>
	a === null || b === null ? a === b : sameBytes(a, b)

const undeclared = (specs: readonly FeatureSpec[], batches: readonly RowBatch[]): string[] => {
	const names = new Set(batches.flatMap((b) => [...b.features.keys()]))
	for (const { name } of specs) names.delete(name)
	return [...names].sort()
}

const missingFeatures = (specs: readonly FeatureSpec[], batches: readonly RowBatch[]): string[] =>
	specs.map(({ name }) => name).filter((name) => !batches.some((b) => b.features.has(name)))

/** Fields of a table that are not features. */
const fields = ['predictionId', 'timestamp', 'score', 'label', 'actual']

function ignored(column: string, { segments, sensitive }: ModelRow, features: readonly string[]): string {
	const hint = columnHint(column, { fields, segments, sensitive, features })
	const name = hint?.field.replace(/^features\./, '')
	const advice = name ? `rename it to ${name}` : 'declare it as a feature, or send it as a group'
	return `not declared by the version; ignored${hint ? `. It looks like ${hint.text}: ${advice}` : ''}`
}

function warningsOf(
	column: Bins['columns'][number],
	counts: InputSummary['columns'][number],
	rows: number,
	{ kept, rows: given }: BaselineRows,
): string[] {
	const cells = binCount(column)
	const missing = counts.counts[missingBin(cells)] as number
	const wrong = counts.counts[typeErrorBin(cells)] as number
	const values = rows - missing - wrong
	const warnings: string[] = []
	if (values <= 0)
		warnings.push(
			missing > 0 || wrong === 0
				? 'no values: nothing can be compared'
				: `no values of the declared type${column.spec ? ` ${column.spec.type}` : ''}: declare their actual type; send the parts of a list or an object as features`,
		)
	else if (counts.min === counts.max) warnings.push('constant: any other value will count as drift')
	if (wrong > 0 && values > 0) warnings.push(`${wrong} values are not of the declared type`)
	if (column.kind === 'categorical' && cells >= maxCategories)
		warnings.push(`more than ${maxCategories} categories: the rarest count as unseen`)
	const kind = column.identifier
	if (kind)
		warnings.push(
			`looks like an identifier (${kind === 'distinct' ? 'nearly all values are distinct' : 'its values grow or fall with time'}): drift of its values is not reported`,
		)
	if (column.spec?.type === 'text') warnings.push('text is not compared by content')
	if (given > maxRows) warnings.push(`an even sample of ${kept} of ${given} rows was stored`)
	return warnings
}

type NewBaseline = {
	model: string
	version: string
	digest: string
	bins: Bins
	inputSummary: InputSummary
	rows: number
	summary: BaselineAnswer['features']
	outcomeSummary: Uint8Array | null
	seasons: Uint8Array | null
	/** As seen in the actuals, where none was declared. */
	negativeLabel: string | null
	batches: readonly RowBatch[]
}

async function store(
	context: Context,
	actor: Actor,
	{
		model,
		version,
		digest,
		bins,
		inputSummary,
		rows,
		summary,
		outcomeSummary,
		seasons,
		negativeLabel,
		batches,
	}: NewBaseline,
): Promise<void> {
	const now = context.now()
	const mine = and(eq(baselines.model, model), eq(baselines.version, version))
	const [current] = await context.db
		.select({ digest: baselines.digest, outcomeSummary: baselines.outcomeSummary })
		.from(baselines)
		.where(and(mine, isNull(baselines.replacedAt)))
	if (current?.digest === digest && sameOutcomes(current.outcomeSummary, outcomeSummary)) return
	const values = {
		model,
		version,
		digest,
		rows,
		summary,
		createdAt: now,
		bins: encodeBins(bins),
		inputSummary: encodeInputSummary(inputSummary),
		replacedAt: null,
		outcomeSummary,
		seasons,
	}
	const insert = context.db
		.insert(baselines)
		.values(values)
		.onConflictDoUpdate({
			target: [baselines.model, baselines.version, baselines.digest],
			set: { replacedAt: null, outcomeSummary },
		})
	const changes: Change[] = [
		{
			query: context.db
				.update(baselines)
				.set({ replacedAt: now })
				.where(and(mine, isNull(baselines.replacedAt), ne(baselines.digest, digest))),
		},
		{ query: insert },
		...(outcomeSummary === null || negativeLabel === null
			? []
			: [
					{
						query: context.db
							.update(models)
							.set({ seenNegative: negativeLabel })
							.where(and(eq(models.name, model), isNull(models.seenNegative))),
					},
				]),
		...keepBaselineRows({ model, version, digest }, batches).map((query) => ({ query })),
		...factMessages(context, { fact: 'baseline', model, version, digest }),
	]
	const details = { rows, features: bins.columns.length }
	await commit(
		context,
		actor,
		{
			action: 'put-baseline',
			object: `version:${model}@${version}`,
			model,
			...(current ? { before: current.digest } : {}),
			after: digest,
			details,
		},
		changes,
	)
}
