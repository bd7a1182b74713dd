import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { modelVersions } from '../../db/schema.ts'
import type { Manifest } from '../../explain/manifest.ts'
import type { Favourable } from '../../stats/fairness/group-counts.ts'
import { decisionOf } from '../../summaries/inputs/input-summary.ts'
import { type Labelled, modelLabels, positive, sideOf, type Task } from '../../summaries/outcomes/label.ts'
import type { ModelRow } from './find-model.ts'

/**
 * The decision of a binary model that is good for the person: the one that the model names, else the one that the version's
 * manifest implies. Undefined where neither says.
 */
export function favourableOf(
	model: Labelled & { task: Task },
	manifest: Pick<Manifest, 'adverse'> | null | undefined,
): Favourable | undefined {
	if (model.task !== 'binary') return undefined
	if (typeof model.favourable === 'string')
		return sideOf(model.favourable, modelLabels(model)) === positive ? 'positive' : 'negative'
	if (manifest?.adverse === undefined) return undefined
	return manifest.adverse === 'low' ? 'positive' : 'negative'
}

/** The same for a version by its name; the model's own where the version is not registered. */
export async function favourableIn(
	context: Context,
	model: ModelRow,
	version: string,
): Promise<Favourable | undefined> {
	const one = and(eq(modelVersions.model, model.name), eq(modelVersions.version, version))
	const [row] = await context.db.select({ manifest: modelVersions.manifest }).from(modelVersions).where(one)
	return favourableOf(model, row?.manifest)
}

/** The label of a side of a binary model. */
export function labelOf(model: Labelled, side: Favourable): string {
	const { positiveLabel, negativeLabel } = modelLabels(model)
	if (side === 'positive') return positiveLabel ?? '1'
	return negativeLabel ?? decisionOf(0, { positiveLabel, threshold: 1 }) ?? ''
}

const fault = (path: string, message: string) =>
	new AppError('invalid', `${path}: ${message}`, { faults: [{ path, message }] })

/** Throws `invalid` for labels that the task does not have, or that contradict one another. */
export function checkLabels({
	task,
	positiveLabel,
	negativeLabel,
	favourable,
}: Labelled & { task: Task }): void {
	if (typeof negativeLabel === 'string') {
		if (task !== 'binary') throw fault('negativeLabel', `is for binary models; this is a ${task} model`)
		if (sideOf(negativeLabel, { positiveLabel }) === positive)
			throw fault('negativeLabel', `is the positive label, ${JSON.stringify(positiveLabel ?? '1')}`)
	}
	if (typeof favourable !== 'string') return
	if (task !== 'binary' && task !== 'multiclass')
		throw fault('favourable', `is for models that decide; this is a ${task} model`)
	if (task === 'binary' && sideOf(favourable, { positiveLabel, negativeLabel }) === undefined)
		throw fault(
			'favourable',
			`${JSON.stringify(favourable)} is neither the positive label ${JSON.stringify(positiveLabel ?? '1')} nor ${
				typeof negativeLabel === 'string'
					? `the negative one, ${JSON.stringify(negativeLabel)}`
					: 'its opposite; if it is the negative label, name it as `negativeLabel` too'
			}`,
		)
}
