import { dayMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'

/** Every logged day of a version is to be replayed (again). */
export const dueStatement = (model: string, version: string): Statement => ({
	sql: `INSERT INTO replay_due (series, day_ms, mark)
		SELECT DISTINCT c.series, c.day * ${dayMs}, 1 FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
		WHERE s.model = ? AND s.version = ? AND s.segment = ''
		ON CONFLICT (series, day_ms) DO UPDATE SET mark = mark + 1`,
	params: [model, version],
})
