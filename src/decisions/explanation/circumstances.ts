import { and, desc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { toHex } from '../../core/bytes.ts'
import { formatTime } from '../../core/time.ts'
import { incidents, ledgerEntries } from '../../db/schema.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { LedgerProof, OpenIncident } from './explanation.schema.ts'

type Place = Pick<StoredPrediction, 'model' | 'version' | 'environment' | 'timestamp'>

const maxIncidents = 20

/** Incidents that the version was under at a moment, by event time; those of no alert are of all versions. */
export async function incidentsAt(context: Context, place: Place): Promise<OpenIncident[]> {
	const { model, version, environment, timestamp } = place
	const ofVersion = sql`(NOT EXISTS (SELECT 1 FROM alert WHERE alert.incident = incident.id)
		OR EXISTS (SELECT 1 FROM alert WHERE alert.incident = incident.id AND alert.version = ${version}))`
	const rows = await context.db
		.select()
		.from(incidents)
		.where(
			and(
				eq(incidents.model, model),
				eq(incidents.environment, environment),
				lte(incidents.began, timestamp),
				or(isNull(incidents.ended), gt(incidents.ended, timestamp)),
				ofVersion,
			),
		)
		.orderBy(desc(incidents.openedAt), desc(incidents.id))
		.limit(maxIncidents)
	return rows.map(({ id, title, severity, openedAt }) => ({
		id,
		title,
		severity,
		openedAt: formatTime(openedAt),
	}))
}

/** Where the ledger says what the version is. */
export async function versionProof(context: Context, { model, version }: Place): Promise<LedgerProof | null> {
	const [row] = await context.db
		.select({ index: ledgerEntries.idx, leafHash: ledgerEntries.leafHash })
		.from(ledgerEntries)
		.where(
			and(
				eq(ledgerEntries.object, `version:${model}@${version}`),
				eq(ledgerEntries.action, 'register-version'),
			),
		)
		.limit(1)
	return row ? { index: row.index, leafHash: toHex(row.leafHash) } : null
}
