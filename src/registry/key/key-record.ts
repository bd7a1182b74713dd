import type { Role } from '../../core/actor.ts'
import { formatTime } from '../../core/time.ts'
import type { accessKeys } from '../../db/schema.ts'

/** A key as it is shown: never its secret, never the hash. */
export type KeyRecord = {
	id: string
	name: string
	role: Role
	models: string[]
	status: 'active' | 'expired' | 'revoked'
	createdAt: string
	expiresAt: string | null
	revokedAt: string | null
}

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
