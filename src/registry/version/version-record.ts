import { formatTime } from '../../core/time.ts'
import type { VersionRow } from './find-version.ts'

/** A version as it is answered. Absent parts are null. */
export type VersionRecord = Omit<VersionRow, 'createdAt'> & { createdAt: string }

export const toVersionRecord = (row: VersionRow): VersionRecord => ({
	...row,
	createdAt: formatTime(row.createdAt),
})
