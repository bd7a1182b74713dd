import type { Context } from '../../context.ts'
import { dayMs } from '../../core/time.ts'
import { predictionAt } from '../../log/read/read-by-id.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import type { OpenedVersion } from '../../registry/artifact/opened-version.ts'
import type { DueDay } from './due-days.ts'
import { type Registered, replayPrediction } from './replay-prediction.ts'

/** A prediction whose logged score is not what the artefact answers. */
export type Mismatch = { predictionId: string; logged: number | null; replayed: number | null }

/** How a sample of one day compares with the registered artefact. */
export type DayReplay = {
	rows: number
	sampled: number
	matched: number
	mismatched: number
	unavailable: number
	/** The largest difference of a logged and a replayed score. */
	worst: number | null
	/** The worst mismatches. */
	examples: Mismatch[]
	/** Why replays were unavailable, and how many: without values, since viewers see it. */
	reasons: Record<string, number>
	/** Who was in the sample. */
	ids: readonly string[]
}

const maxSampled = 200
const maxExamples = 10
const maxReasons = 10

const difference = ({ logged, replayed }: Mismatch): number =>
	logged === null || replayed === null ? 0 : Math.abs(logged - replayed)

/** Replays a sample of a day, always the same rows of the same rows, with features that were joined later. */
export async function replayDay(
	context: Context,
	opened: OpenedVersion,
	registered: Registered,
	{ model, version, environment, day }: Omit<DueDay, 'series' | 'mark'>,
): Promise<DayReplay> {
	const query = { model, version, environment, from: day, to: day + dayMs }
	const { batch, rows } = await sampleRows(context, query, maxSampled)
	const counts = { matched: 0, mismatched: 0, unavailable: 0 }
	const mismatches: Mismatch[] = []
	const reasons: Record<string, number> = {}
	for (let row = 0; row < (batch?.rows ?? 0); row++) {
		const sent = predictionAt(batch as NonNullable<typeof batch>, row)
		const stored = sent.features ? sent : ((await context.log.read(model, sent.predictionId)) ?? sent)
		const { status, logged, replayed, general } = await replayPrediction(opened, registered, stored)
		counts[status]++
		if (status === 'mismatched') mismatches.push({ predictionId: sent.predictionId, logged, replayed })
		if (status === 'unavailable') count(reasons, general ?? 'unknown')
	}
	mismatches.sort((a, b) => difference(b) - difference(a))
	const [worst] = mismatches
	return {
		rows,
		sampled: batch?.rows ?? 0,
		...counts,
		worst: worst ? difference(worst) : null,
		examples: mismatches.slice(0, maxExamples),
		reasons,
		ids: batch?.ids ?? [],
	}
}

function count(reasons: Record<string, number>, reason: string): void {
	const isKnown = Object.hasOwn(reasons, reason) || Object.keys(reasons).length < maxReasons
	const name = isKnown ? reason : 'other reasons'
	reasons[name] = (reasons[name] ?? 0) + 1
}
