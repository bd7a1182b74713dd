import { dayMs, formatTime, hourMs } from '../../core/time.ts'
import type { ModelRow } from './find-model.ts'
import type { ModelRecord } from './model.schema.ts'

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
