import { formatTime } from '../../core/time.ts'
import type { VersionRow } from './find-version.ts'
import type { VersionRecord } from './version.schema.ts'

export const toVersionRecord = (row: VersionRow): VersionRecord => ({
	...row,
	createdAt: formatTime(row.createdAt),
})
