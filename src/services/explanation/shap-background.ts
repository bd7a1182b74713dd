import { type Background, FeatureError, type Model } from '../../explain/model.ts'
import { leastRows, recordsOf } from './background.ts'
import type { UsedBackground } from './explanation.ts'
import type { FoundBackground } from './find-background.ts'

export type Compared = { kind: UsedBackground['kind']; background: Background }

// A model and its prepared rows go together: they are kept as long as the model is.
const prepared = new WeakMap<Model, Map<string, Background | undefined>>()
// Tables of one take up to 64 MB, and the model's bytes in the cache count those of one.
const keptAtMost = 6

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
	return rows.length < leastRows ? undefined : model.background(rows)
}

function preparedBackground(model: Model, found: FoundBackground, kind: UsedBackground['kind']) {
	if (found.digest === null) return undefined
	let kept = prepared.get(model)
	if (!kept) {
		kept = new Map()
		prepared.set(model, kept)
	}
	const key = `${kind} ${found.digest}`
	if (!kept.has(key)) {
		if (kept.size >= keptAtMost) kept.delete(kept.keys().next().value as string)
		kept.set(key, prepare(model, found, kind))
	}
	return kept.get(key)
}

/**
 * Whom a person is compared with, in the order of the kinds: approved applicants at or just above the cut-off (Reg B,
 * comment 9(b)(2)-5(i)), all applicants (-5(ii)).
 */
export function compareWith(
	model: Model,
	found: FoundBackground,
	kinds: readonly UsedBackground['kind'][],
): Compared | undefined {
	for (const kind of kinds) {
		const background = preparedBackground(model, found, kind)
		if (background) return { kind, background }
	}
	return undefined
}
