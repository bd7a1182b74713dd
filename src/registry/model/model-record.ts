import { dayMs, formatTime, hourMs } from '../../core/time.ts'
import type { Maturity, Task } from '../../db/schema.ts'
import type { ModelRow } from './find-model.ts'

/** A model as it is answered, without its health. */
export type ModelRecord = {
	model: string
	task: Task
	owner: string | null
	riskTier: string | null
	tags: string[]
	positiveLabel: string | null
	negativeLabel: string | null
	favourable: string | null
	threshold: number | null
	sensitive: string[]
	segments: string[]
	upstreams: string[]
	bands: Record<string, number[]>
	maturity: Maturity
	retention: string
	createdAt: string
	revision: number
}

const durationText = (ms: number) =>
	ms % dayMs === 0 ? `${ms / dayMs}d` : ms % hourMs === 0 ? `${ms / hourMs}h` : `${ms}ms`

export function toModelRecord(row: ModelRow): ModelRecord {
	const { name, retentionMs, createdAt, revision, seenNegative: _, ...rest } = row
	return {
		model: name,
		...rest,
		retention: durationText(retentionMs),
		createdAt: formatTime(createdAt),
		revision,
	}
}
