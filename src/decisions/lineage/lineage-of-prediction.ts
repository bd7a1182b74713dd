import { and, desc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'
import { baselines, deployments, reasonTableApprovals, requests, ruleUses } from '../../db/schema.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { type Origins, originsOf } from '../../registry/lineage/links.ts'
import { keptRun, type RunReading } from '../../registry/lineage/training-run.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { modelAt } from '../../registry/model/model-history.ts'
import type { VersionRow } from '../../registry/version/find-version.ts'
import { tableInForce } from '../reasons/table-in-force.ts'
import { type LedgerRef, registrations, revisionSetBy } from './ledger-refs.ts'

/** The settings of the model at that time; `since` is when they came into force. */
type SettingsThen = {
	revision: number
	since: string
	threshold: number | null
	positiveLabel: string | null
	riskTier: string | null
	sensitive: string[]
}

/** Where a decision comes from: the origins of the version, and everything in force at the time. */
export type PredictionLineage = Origins & {
	version: string
	registeredAt: string
	registered: LedgerRef | null
	/** The deployment at that time. Null: the environment had none yet. */
	deployment: ServingThen | null
	/** Who set the deployment. */
	approvers: string[]
	baseline: BaselineThen | null
	rules: { digest: string; since: string } | null
	reasonTable: ReasonTableThen | null
	settings: SettingsThen
	/** What the tracking server returned for the run when it was last read. */
	trainingRun: RunReading | null
}

/**
 * The lineage of a decision as of the time it was made, by eight parallel look-ups in indexes. External services are not
 * called: the training run is the stored copy.
 */
export async function lineageOfPrediction(
	context: Context,
	model: Pick<ModelRow, 'name'>,
	row: VersionRow,
	prediction: Pick<StoredPrediction, 'environment' | 'timestamp'>,
): Promise<PredictionLineage> {
	const { name } = model
	const { version } = row
	const { environment, timestamp: at } = prediction
	const [registered, deployment, baseline, rules, reasonTable, moment, run] = await Promise.all([
		registrations(context, [row]),
		servingAt(context, name, environment, version, at),
		baselineAt(context, name, version, at),
		rulesAt(context, at),
		reasonTableAt(context, name, version, at),
		modelAt(context, name, at),
		keptRun(context, row),
	])
	const { revision, threshold, positiveLabel, riskTier, sensitive } = moment
	return {
		version,
		...originsOf(row),
		registeredAt: formatTime(row.createdAt),
		registered: registered.get(`${name}@${version}`) ?? null,
		deployment,
		approvers: deployment?.setBy ? [deployment.setBy.who] : [],
		baseline,
		rules,
		reasonTable,
		settings: {
			revision,
			since: formatTime(moment.since),
			threshold,
			positiveLabel,
			riskTier,
			sensitive,
		},
		trainingRun: run ?? null,
	}
}

type DeploymentRow = typeof deployments.$inferSelect
type Role = 'champion' | 'challenger' | 'canary'

type RequestNote = { id: string; kind: string; status: string; requester: string; at: string }

/** A deployment at a moment. `as`: the role of the version in it; null when it had none. */
export type ServingThen = {
	environment: string
	revision: number
	as: Role | null
	champion: string
	challenger: string | null
	canary: { version: string; percent: number } | null
	since: string
	/** The start of the next revision, if there is one. */
	until: string | null
	setBy: LedgerRef | null
	/** Earlier requests for its champion. */
	requests: RequestNote[]
}

export function roleIn({ champion, challenger, canary }: DeploymentRow, version: string): Role | null {
	if (champion === version) return 'champion'
	if (canary?.version === version) return 'canary'
	return challenger === version ? 'challenger' : null
}

/** The revision that was in force at a moment; null before the first one. */
async function servingAt(
	context: Context,
	model: string,
	environment: string,
	version: string,
	at: number,
): Promise<ServingThen | null> {
	const there = and(eq(deployments.model, model), eq(deployments.environment, environment))
	const [row] = await context.db
		.select()
		.from(deployments)
		.where(and(there, lte(deployments.since, at)))
		.orderBy(desc(deployments.revision))
		.limit(1)
	if (!row) return null
	const [after, setBy, earlier] = await Promise.all([
		context.db
			.select({ since: deployments.since })
			.from(deployments)
			.where(and(there, eq(deployments.revision, row.revision + 1))),
		revisionSetBy(context, row),
		requestsFor(context, row),
	])
	const { revision, champion, challenger, canary, since } = row
	return {
		environment,
		revision,
		as: roleIn(row, version),
		champion,
		challenger,
		canary,
		since: formatTime(since),
		until: after[0] ? formatTime(after[0].since) : null,
		setBy,
		requests: earlier,
	}
}

const maxRequests = 5

/** Requests for the champion of a deployment from before it was set, the latest first. */
async function requestsFor(context: Context, row: DeploymentRow): Promise<RequestNote[]> {
	const rows = await context.db
		.select()
		.from(requests)
		.where(
			and(
				eq(requests.model, row.model),
				eq(requests.environment, row.environment),
				lte(requests.createdAt, row.since),
				sql`json_extract(${requests.action}, '$.to') = ${row.champion}`,
			),
		)
		.orderBy(desc(requests.createdAt))
		.limit(maxRequests)
	return rows.map(({ id, kind, status, requester, createdAt }) => ({
		id,
		kind,
		status,
		requester,
		at: formatTime(createdAt),
	}))
}

/** The rules in force at a moment; null before the first evaluation. */
async function rulesAt(context: Context, at: number): Promise<{ digest: string; since: string } | null> {
	const [row] = await context.db
		.select()
		.from(ruleUses)
		.where(lte(ruleUses.at, at))
		.orderBy(desc(ruleUses.at))
		.limit(1)
	return row ? { digest: `sha256:${row.digest}`, since: formatTime(row.at) } : null
}

type BaselineThen = { digest: string; rows: number; since: string }

/** The baseline that a version was compared with at a moment. */
async function baselineAt(
	context: Context,
	model: string,
	version: string,
	at: number,
): Promise<BaselineThen | null> {
	const [row] = await context.db
		.select({ digest: baselines.digest, rows: baselines.rows, createdAt: baselines.createdAt })
		.from(baselines)
		.where(
			and(
				eq(baselines.model, model),
				eq(baselines.version, version),
				lte(baselines.createdAt, at),
				or(isNull(baselines.replacedAt), gt(baselines.replacedAt, at)),
			),
		)
		.orderBy(desc(baselines.createdAt))
		.limit(1)
	return row ? { digest: row.digest, rows: row.rows, since: formatTime(row.createdAt) } : null
}

type ReasonTableThen = { revision: number; digest: string; approvedAt: string; approvers: string[] }

/** The reason table in force at a moment: the version's own, else the one for all versions. */
async function reasonTableAt(
	context: Context,
	model: string,
	version: string,
	at: number,
): Promise<ReasonTableThen | null> {
	const table = await tableInForce(context, model, version, at)
	if (!table || table.approvedLater) return null
	const { revision, digest, approvedAt } = table
	const given = await context.db
		.select({ approver: reasonTableApprovals.approver })
		.from(reasonTableApprovals)
		.where(and(eq(reasonTableApprovals.model, model), eq(reasonTableApprovals.revision, revision)))
		.orderBy(reasonTableApprovals.approver)
	return { revision, digest, approvedAt, approvers: given.map((g) => g.approver) }
}
