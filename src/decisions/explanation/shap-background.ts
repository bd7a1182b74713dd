import type { Context } from '../../context.ts'
import { type Background, FeatureError, type Model } from '../../explain/model.ts'
import type { ModelCache } from '../../registry/artifact/model-cache.ts'
import { minRows, recordsOf } from './background.ts'
import type { UsedBackground } from './explanation.schema.ts'
import type { FoundBackground } from './find-background.ts'

type Prepared = { model: Model; key: string; background: Background | undefined }

// Those of models of one cache, the one that was used longest ago first.
const prepared = new WeakMap<ModelCache, Prepared[]>()
const maxKept = 200
/** What is prepared for a large model takes most of what the model itself takes: no more than this part of the cache. */
const partOfCache = 1 / 4

/** Rows of the log as a background of the model, without those that it cannot take. Undefined when fewer than 30 are left. */
function prepare(model: Model, { content }: FoundBackground, kind: UsedBackground['kind']) {
	const rows: Float64Array[] = []
	for (const record of recordsOf(content, kind === 'all-applicants' ? content.all : content.near)) {
		try {
			rows.push(model.encode(record).x)
		} catch (error) {
			if (!(error instanceof FeatureError)) throw error
		}
	}
	return rows.length < minRows ? undefined : model.background(rows)
}

/**
 * Whom a person is compared with: approved applicants at or just above the cut-off (Reg B, comment 9(b)(2)-5(i)), or all
 * applicants (-5(ii)). Undefined where too few are known.
 */
export function compareWith(
	{ models }: Pick<Context, 'models'>,
	model: Model,
	found: FoundBackground,
	kind: UsedBackground['kind'],
): Background | undefined {
	if (found.digest === null) return undefined
	const key = `${kind} ${found.digest}`
	const all = prepared.get(models) ?? []
	const known = all.find((p) => p.model === model && p.key === key)
	const one = known ?? { model, key, background: prepare(model, found, kind) }
	prepared.set(models, fitting([...all.filter((p) => p !== known), one], models.limitBytes * partOfCache))
	return one.background
}

/** The last ones, as far as they fit. */
function fitting(list: readonly Prepared[], maxBytes: number): Prepared[] {
	let left = maxBytes
	const first = list.findLastIndex(({ model, background }) => {
		left -= background ? model.bytes : 0
		return left < 0
	})
	// The one in use stays, however large it is.
	return list.slice(Math.min(first + 1, list.length - 1)).slice(-maxKept)
}
