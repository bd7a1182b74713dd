import { and, asc, desc, eq, lte } from 'drizzle-orm'
import type { Context } from '../../../context.ts'
import type { Actor } from '../../../core/actor.ts'
import { AppError } from '../../../core/errors.ts'
import { dayMs, formatTime, hourMs, type WindowSize } from '../../../core/time.ts'
import { deployments, modelVersions } from '../../../db/schema.ts'
import type { Series } from '../../../log/prediction-log.ts'
import { periodOf } from '../../../monitoring/scope.ts'
import { recordsAt } from '../../../monitoring/windows/past-records.ts'
import { inputRecords } from '../../../monitoring/windows/records.ts'
import { findArtifact } from '../../../registry/artifact/version-artifact.ts'
import { authorise } from '../../../registry/key/authorise.ts'
import { findModel, quote } from '../../../registry/model/find-model.ts'
import { type ModelMoment, modelAt } from '../../../registry/model/model-history.ts'
import type { VersionRow } from '../../../registry/version/find-version.ts'
import type { ReportContent, ReportCut, ReportSubject } from '../template.ts'
import { entriesByObject, type PastEntry } from './entries.ts'

export type DeploymentRow = typeof deployments.$inferSelect

/** The traffic of a version in an environment in the period. */
export type Volume = {
	series: Series
	predictions: number
	windows: number
	byDay: ReadonlyMap<number, number>
}

/** A version with the digest of its model file, if one was known at the cut. */
export type PastVersion = { row: VersionRow; sha256: string | null }

/** What a report of a period is about: everything as it was at the cut. */
export type PeriodScope = {
	model: ModelMoment
	from: number
	to: number
	/** Up to here windows were over at the cut. */
	until: number
	cut: ReportCut
	/** What is counted of a period that begins or ends within an hour; empty for others. */
	hours: string
	/** The size of the windows that metrics are shown for. */
	window: WindowSize
	versions: PastVersion[]
	/** Every deployment up to the cut, oldest first. */
	deployments: DeploymentRow[]
	/** All series with predictions in the period; the main one first. */
	volumes: Volume[]
	main: Volume
	entries: ReadonlyMap<string, PastEntry[]>
}

/** Hours for up to three days, days for up to a hundred, else weeks. */
const windowFor = (ms: number): WindowSize => (ms <= 3 * dayMs ? '1h' : ms <= 100 * dayMs ? '1d' : '7d')

const invalid = (path: string, message: string): AppError =>
	new AppError('invalid', message, { faults: [{ path, message }] })

/** The scope of a report of a period. Throws `invalid` where there is nothing to report, with what to do. */
export async function openPeriod(
	context: Context,
	actor: Actor,
	{ model: name, period }: ReportSubject,
	cut: ReportCut,
): Promise<PeriodScope> {
	if (name === undefined) throw invalid('model', 'This template needs `model`.')
	if (period === undefined) throw invalid('period', 'This template needs `period` with `from` and `to`.')
	authorise(actor, ['analyst', 'auditor'], name)
	const model = await modelBefore(context, name, cut)
	const { from, to } = periodOf({ model: name, ...period }, cut.at)
	const isWhole = from === period.from && to === period.to
	const until = Math.min(to, Math.floor(cut.at / hourMs) * hourMs)
	const rows = await deploymentsBefore(context, name, cut.at)
	const volumes = await volumesOf(context, name, { from, to: until, asOf: cut.at })
	const [main] = inOrder(volumes, rows, Math.min(to, cut.at))
	if (!main)
		throw invalid(
			'period',
			`${quote(name)} has no computed predictions from ${formatTime(from)} to ${formatTime(to)} as of the cut at ${formatTime(cut.at)}. Choose a period with predictions, or run the job compute and take a newer cut.`,
		)
	return {
		...{ model, from, to, until, cut, volumes, main, deployments: rows },
		hours: isWhole
			? ''
			: `Rows are counted by the hour, so that the numbers are of ${formatTime(from)} to ${formatTime(to)}.`,
		window: windowFor(to - from),
		versions: await versionsBefore(context, name, cut.at),
		entries: await entriesByObject(context, name, cut),
	}
}

/** The settings of a model at the cut. Throws `not-found`, and `invalid` if it was registered later. */
export async function modelBefore(context: Context, name: string, cut: ReportCut): Promise<ModelMoment> {
	const { createdAt } = await findModel(context, name)
	if (createdAt > cut.at)
		throw invalid(
			'cut',
			`${quote(name)} was registered at ${formatTime(createdAt)}, after the cut at ${formatTime(cut.at)}. Take a newer cut.`,
		)
	return modelAt(context, name, cut.at)
}

const deploymentsBefore = (context: Context, model: string, at: number): Promise<DeploymentRow[]> =>
	context.db
		.select()
		.from(deployments)
		.where(and(eq(deployments.model, model), lte(deployments.since, at)))
		.orderBy(asc(deployments.since), asc(deployments.environment), asc(deployments.revision))

export async function versionsBefore(context: Context, model: string, at: number): Promise<PastVersion[]> {
	const rows = await context.db
		.select()
		.from(modelVersions)
		.where(and(eq(modelVersions.model, model), lte(modelVersions.createdAt, at)))
		.orderBy(desc(modelVersions.createdAt), asc(modelVersions.version))
	return Promise.all(rows.map(async (row) => ({ row, sha256: await digestAt(context, row, at) })))
}

async function digestAt(context: Context, row: VersionRow, at: number): Promise<string | null> {
	const artifact = await findArtifact(context, row)
	const isKnown = row.artifact !== null || (artifact?.stored?.storedAt ?? Number.POSITIVE_INFINITY) <= at
	return artifact && isKnown ? artifact.sha256 : null
}

/** The version that served in an environment at a time. */
export async function servingAt(
	context: Context,
	model: string,
	environment: string,
	at: number,
): Promise<PastVersion | undefined> {
	const rows = await deploymentsBefore(context, model, at)
	const champion = rows.findLast((row) => row.environment === environment)?.champion
	return (await versionsBefore(context, model, at)).find(({ row }) => row.version === champion)
}

async function volumesOf(
	context: Context,
	model: string,
	query: { from: number; to: number; asOf: number },
): Promise<Volume[]> {
	const series = (await context.log.series(model)).filter((s) => s.segment === '')
	const headerOnly = -1
	const records = await recordsAt(
		context,
		inputRecords,
		{ ...query, series: series.map((s) => s.id) },
		headerOnly,
	)
	return series.flatMap((s) => {
		const own = records.filter((r) => r.series === s.id && r.result.rows > 0)
		const byDay = new Map<number, number>()
		for (const { from, result } of own) {
			const day = Math.floor(from / dayMs) * dayMs
			byDay.set(day, (byDay.get(day) ?? 0) + result.rows)
		}
		const predictions = own.reduce((sum, { result }) => sum + result.rows, 0)
		return predictions === 0 ? [] : [{ series: s, predictions, windows: own.length, byDay }]
	})
}

/** The champion of production first, then other champions, then the series with the most predictions. */
function inOrder(volumes: Volume[], rows: readonly DeploymentRow[], at: number): Volume[] {
	const champions = new Map<string, string>()
	for (const row of rows) if (row.since <= at) champions.set(row.environment, row.champion)
	// Back-filled traffic is older than the deployment that it came from.
	for (const row of rows) if (!champions.has(row.environment)) champions.set(row.environment, row.champion)
	const rank = ({ series: { environment, version } }: Volume) =>
		(environment === 'production' ? 2 : 0) + (champions.get(environment) === version ? 1 : 0)
	return volumes.sort(
		(a, b) => rank(b) - rank(a) || b.predictions - a.predictions || a.series.id - b.series.id,
	)
}

/** The head of the content: the model with its main version, and how many predictions of it are included. */
export const contentHead = (
	{ model, main, versions }: PeriodScope,
	excluded: ReportContent['rows']['excluded'],
	included: number,
): Pick<ReportContent, 'model' | 'rows'> => ({
	model: {
		model: model.name,
		version: main.series.version,
		artifactSha256: versions.find((v) => v.row.version === main.series.version)?.sha256 ?? null,
	},
	rows: { included, excluded },
})
