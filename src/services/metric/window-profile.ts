import type { Context } from '../../context.ts'
import { windowMs } from '../../core/time.ts'
import type { Statement } from '../../db/sql.ts'
import { emptyProfile } from '../../profile/accumulate.ts'
import { addEncoded, encodeProfile } from '../../profile/encoding.ts'
import type { Grid } from '../../profile/grid.ts'
import type { Profile } from '../../profile/profile.ts'
import type { Window } from './compute-family.ts'

/**
 * The profile of a series in a window. Hours and days are summed from the log; a week from its days, which are computed
 * before it whenever one of their hours has changed.
 */
export async function windowProfile(
	context: Context,
	series: number,
	grid: Grid,
	{ size, from }: Window,
): Promise<Profile | undefined> {
	const to = from + windowMs[size]
	if (size !== '7d') return context.log.profile(series, grid, from, to)
	const rows = (await context.sql.all({
		sql: 'SELECT bytes FROM metric_day WHERE series = ? AND day_ms >= ? AND day_ms < ? AND grid = ?',
		params: [series, from, to, grid.digest],
	})) as unknown as [Uint8Array][]
	if (rows.length === 0) return undefined
	const total = emptyProfile(grid)
	for (const [bytes] of rows) addEncoded(total, bytes)
	return total
}

/** Keeps a day's profile for the week that it is in. */
export const keepDay = (series: number, day: number, profile: Profile): Statement => ({
	sql: 'INSERT OR REPLACE INTO metric_day (series, day_ms, grid, bytes) VALUES (?, ?, ?, ?)',
	params: [series, day, profile.gridDigest, encodeProfile(profile, { withDigest: false })],
})
