import { and, desc, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { Context } from '../../context.ts'
import { AppError, type Fault } from '../../core/errors.ts'
import type { Hint } from '../../core/hints.ts'
import { formatTime } from '../../core/time.ts'
import { deployments, reports } from '../../db/schema.ts'
import { findTable, newestApproved, statusOf } from '../../decisions/reasons/table-record.ts'
import type { Action, Canary } from '../../ports/executors.ts'
import { didYouMean, type ModelRow } from '../../registry/model/find-model.ts'
import { versionNames } from '../../registry/version/find-version.ts'
import { frozenAmong, frozenVersions, newTraffic, type Serving } from './frozen.ts'
import type { RequestInput } from './request.schema.ts'

/** What is asked for. `challenger`, `silence` and `report` come from the use cases that draft a request in place of a change. */
export type Asked = Pick<
	z.output<typeof RequestInput>,
	'kind' | 'model' | 'environment' | 'to' | 'canary'
> & {
	challenger?: string | null
	silence?: Record<string, unknown>
	/** A report that is stored in the same commit. */
	report?: ReportRow
}

/** The exact action, and the deployment that it starts from. */
export type DraftedAction = {
	action: Action
	expectedVersion: string | null
	expectedRevision: number | null
}

type DeploymentRow = typeof deployments.$inferSelect
type ReportRow = typeof reports.$inferSelect

const fault = (path: string, message: string, hint?: Hint) =>
	new AppError('invalid', message, { faults: [{ path, message }], hint })

/** The exact action of a request. Throws `invalid` for what cannot be done, and `frozen` for a version that a rollback left. */
export async function draftAction(context: Context, asked: Asked, model: ModelRow): Promise<DraftedAction> {
	const { kind, environment, to } = asked
	const base = { kind, model: model.name, environment }
	const nothing = { expectedVersion: null, expectedRevision: null }
	if (kind === 'risk-tier') return { ...nothing, action: { ...base, ...tiers(model, to) } }
	if (kind === 'reason-table') return { ...nothing, action: { ...base, ...(await table(context, asked)) } }
	if (kind === 'report') return { ...nothing, action: { ...base, ...(await report(context, asked)) } }
	if (kind === 'silence') {
		if (!asked.silence)
			throw fault('kind', 'A silence is requested by creating it.', { to: 'create-silence' })
		return { ...nothing, action: { ...base, silence: asked.silence } }
	}
	const history = await context.db
		.select()
		.from(deployments)
		.where(and(eq(deployments.model, model.name), eq(deployments.environment, environment)))
		.orderBy(desc(deployments.revision))
	const [current] = history
	const expected = {
		expectedVersion: current?.champion ?? null,
		expectedRevision: current?.revision ?? null,
	}
	if (kind === 'retraining')
		return { ...expected, action: { ...base, ...(current ? { from: current.champion } : {}) } }
	if (!current)
		throw fault('environment', `${model.name} is not deployed in ${environment}.`, {
			to: 'deploy',
			model: model.name,
			environment,
		})
	const after = await afterwards(context, asked, current, history)
	await checkVersions(context, model.name, after)
	const frozen = await frozenAmong(context, model.name, newTraffic(current, after))
	if (frozen) throw frozen
	return { ...expected, action: { ...base, from: current.champion, ...changesOf(current, after) } }
}

/** The deployment that is asked for. */
async function afterwards(
	context: Context,
	asked: Asked,
	current: DeploymentRow,
	history: readonly DeploymentRow[],
): Promise<Serving> {
	const champion = await championAfter(context, asked, current, history)
	const challenger = asked.challenger === undefined ? current.challenger : asked.challenger
	const after = {
		champion,
		challenger: challenger === champion ? null : challenger,
		canary: canaryAfter(asked, champion, current),
	}
	if (champion === current.champion && sameCanary(after.canary, current.canary))
		throw asked.kind === 'canary' || asked.canary !== undefined
			? fault('canary', 'The traffic is already so.')
			: fault('to', `${champion} is already the champion.`)
	return after
}

export const sameCanary = (a: Canary | null, b: Canary | null): boolean =>
	a?.version === b?.version && a?.percent === b?.percent

/** A rollback goes to the previous champion that is not frozen, unless `to` names another version. */
async function championAfter(
	context: Context,
	{ kind, model, environment, to, canary }: Asked,
	current: DeploymentRow,
	history: readonly DeploymentRow[],
): Promise<string> {
	if (kind === 'canary') return current.champion
	if (to !== undefined) {
		if (to === current.champion && kind !== 'deployment') throw fault('to', `${to} is already the champion.`)
		return to
	}
	if (kind === 'deployment' && canary !== undefined) return current.champion
	if (kind !== 'rollback')
		throw fault('to', `Name the version to ${kind === 'promotion' ? 'promote' : 'deploy'} in \`to\`.`)
	const earlier = history.map((d) => d.champion).filter((version) => version !== current.champion)
	const frozen = await frozenVersions(context, model, earlier)
	const previous = earlier.find((version) => !frozen.has(version))
	if (previous !== undefined) return previous
	const allFrozen = await frozenAmong(context, model, earlier)
	if (allFrozen) throw allFrozen
	throw fault('to', `${model} never had another champion in ${environment}. Name the version to go back to.`)
}

/** Whatever changes the champion ends the canary, unless it names one. */
function canaryAfter({ kind, to, canary }: Asked, champion: string, current: DeploymentRow): Canary | null {
	if (kind === 'canary' && canary === undefined)
		throw fault(
			'canary',
			'Give the traffic afterwards in `canary`, such as {"percent": 10}; null ends the canary.',
		)
	if (!canary) return null
	const named = canary.version ?? (kind === 'canary' && to !== champion ? to : undefined)
	if (kind === 'canary' && to !== undefined && to !== champion && to !== named)
		throw fault(
			'to',
			'A step of the canary does not change the champion. Name the canary in `canary.version`.',
		)
	const version = named ?? (current.canary?.version === champion ? undefined : current.canary?.version)
	if (version === undefined)
		throw fault('canary.version', 'There is no canary yet: name its version in `canary.version`.')
	return { version, percent: canary.percent }
}

async function checkVersions(context: Context, model: string, after: Serving): Promise<void> {
	const known = await versionNames(context, model)
	const faults: Fault[] = []
	const named = { to: after.champion, 'canary.version': after.canary?.version, challenger: after.challenger }
	for (const [path, version] of Object.entries(named)) {
		if (version === undefined || version === null || known.includes(version)) continue
		const next = didYouMean(version, known, 'Register the version first.')
		faults.push({ path, message: `${JSON.stringify(version)} is not a version of this model.${next}` })
	}
	if (after.canary?.version === after.champion)
		faults.push({ path: 'canary.version', message: 'is the champion itself' })
	const [first] = faults
	if (first) throw new AppError('invalid', `${first.path}: ${first.message}`, { faults })
}

/** What the action names of the deployment afterwards: the champion, and what else changes. */
const changesOf = (current: Serving, after: Serving): Pick<Action, 'to' | 'canary' | 'challenger'> => ({
	to: after.champion,
	...(current.canary === null && after.canary === null ? {} : { canary: after.canary }),
	...(current.challenger === after.challenger ? {} : { challenger: after.challenger }),
})

function tiers(model: ModelRow, to: string | undefined): Pick<Action, 'from' | 'to'> {
	const from = model.riskTier ?? undefined
	if (from === to)
		throw fault(
			'to',
			from === undefined ? `${model.name} has no risk tier.` : `The risk tier is already ${from}.`,
		)
	return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

/** A table by its revision. Its digest is part of the action, so that exactly these words are approved. */
async function table(context: Context, { model, to }: Asked): Promise<{ to: string; table: string }> {
	if (to === undefined || !/^[1-9]\d{0,9}$/.test(to))
		throw fault('to', 'Name the revision of the reason table in `to`, such as "2".', {
			to: 'list-reason-tables',
			model,
		})
	const row = await findTable(context, model, Number(to))
	const status = statusOf(row, await newestApproved(context, row))
	if (status !== 'draft')
		throw fault(
			'to',
			status === 'approved'
				? `The reason table ${to} is already in force.`
				: `A newer reason table than ${to} is in force.`,
		)
	return { to, table: row.digest }
}

/** A draft of a report by its id. */
async function report(context: Context, asked: Asked): Promise<ReportAction> {
	const { model, to } = asked
	if (to === undefined) throw fault('to', 'Name the report in `to`.', { to: 'list-reports' })
	if (asked.report) return reportAction(asked.report)
	const of = and(eq(reports.id, to), eq(reports.model, model))
	const [row] = await context.db.select().from(reports).where(of)
	if (!row || row.erasedAt !== null)
		throw fault('to', `${model} has no report ${JSON.stringify(to)}.`, { to: 'list-reports' })
	if (row.status !== 'draft') throw fault('to', `The report ${to} is already ${row.status}.`)
	return reportAction(row)
}

type ReportAction = { to: string; template: string; period?: string; report: string }

/**
 * The digest of its manifest is part of the action, so that exactly these files are approved. Nothing of a person: the
 * request is shown in a channel.
 */
const reportAction = ({ id, template, manifest, periodFrom, periodTo }: ReportRow): ReportAction => ({
	to: id,
	template,
	...(periodFrom === null || periodTo === null
		? {}
		: { period: `${formatTime(periodFrom)} to ${formatTime(periodTo)}` }),
	report: manifest,
})
