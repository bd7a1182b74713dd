import { and, desc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { toHex } from '../../core/bytes.ts'
import { formatTime } from '../../core/time.ts'
import { deployments, incidents, ledgerEntries } from '../../db/schema.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import type { VersionRow } from '../model/find-version.ts'
import type { ExplanationLineage, LedgerProof, OpenIncident } from './explanation.ts'

type Place = Pick<StoredPrediction, 'model' | 'version' | 'environment' | 'timestamp'>

const mostIncidents = 20

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
		.limit(mostIncidents)
	return rows.map(({ id, title, severity, openedAt }) => ({
		id,
		title,
		severity,
		openedAt: formatTime(openedAt),
	}))
}

/** Where the decision comes from: its version, and what served in its environment at that moment. */
export async function lineageAt(
	context: Context,
	place: Place,
	row: VersionRow | undefined,
): Promise<ExplanationLineage> {
	const { model, version, environment, timestamp } = place
	const [deployment] = await context.db
		.select()
		.from(deployments)
		.where(
			and(
				eq(deployments.model, model),
				eq(deployments.environment, environment),
				lte(deployments.since, timestamp),
			),
		)
		.orderBy(desc(deployments.revision))
		.limit(1)
	const text = (member: string) => {
		const value = row?.lineage?.[member]
		return typeof value === 'string' ? value : null
	}
	const artifact = row?.artifact as { sha256: string; format: string } | null | undefined
	return {
		version,
		artifact: artifact ? { sha256: artifact.sha256, format: artifact.format } : null,
		run: text('run'),
		dataset: text('dataset'),
		commit: text('commit'),
		image: text('image'),
		deployment: deployment
			? {
					revision: deployment.revision,
					as: roleIn(deployment, version),
					since: formatTime(deployment.since),
				}
			: null,
		approvers: [],
	}
}

function roleIn(
	{ champion, challenger, canary }: typeof deployments.$inferSelect,
	version: string,
): 'champion' | 'challenger' | 'canary' | null {
	if (champion === version) return 'champion'
	if (canary?.version === version) return 'canary'
	return challenger === version ? 'challenger' : null
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
