import { formatTime } from '../../core/time.ts'
import type { accessKeys } from '../../db/schema.ts'
import type { KeyRecord } from './key.schema.ts'

export type KeyRow = typeof accessKeys.$inferSelect
const timeOrNull = (ms: number | null) => (ms === null ? null : formatTime(ms))

export const isActive = (row: KeyRow, now: number): boolean =>
	row.revokedAt === null && (row.expiresAt === null || row.expiresAt > now)

export function toKeyRecord(row: KeyRow, now: number): KeyRecord {
	return {
		id: row.id,
		name: row.name,
		role: row.role,
		models: row.models,
		status: isActive(row, now) ? 'active' : row.revokedAt === null ? 'expired' : 'revoked',
		createdAt: formatTime(row.createdAt),
		expiresAt: timeOrNull(row.expiresAt),
		revokedAt: timeOrNull(row.revokedAt),
	}
}
