import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { dayMs } from '../../core/time.ts'
import { deployments, models, reports } from '../../db/schema.ts'
import { matchesAction, type ReportSchedule } from '../../rules/approval-policies.ts'
import { createReport } from './create-report.ts'

/** The author of the reports that are made by themselves. */
export const reporter: Actor = { id: 'job:reports', how: 'job', role: 'auditor', models: ['*'] }

type Due = { schedule: ReportSchedule; model: string; period: { from: number; to: number } }

/**
 * Makes the reports of the last whole period that are not there yet, and asks for their approval. A period without data has
 * none. One that fails stops no other; the next run tries it again.
 */
export async function makeScheduledReports(
	context: Context,
): Promise<{ made: number; empty: number; failed: string[] }> {
	const outcome = { made: 0, empty: 0, failed: [] as string[] }
	for (const { schedule, model, period } of await dueReports(context)) {
		const input = { template: schedule.template, model, period }
		try {
			await createReport(context, reporter, input)
			outcome.made++
		} catch (error) {
			if (error instanceof AppError && isEmpty(error)) {
				outcome.empty++
				continue
			}
			outcome.failed.push(`${schedule.template} of ${model}`)
			context.logger.error('a scheduled report could not be made', { ...input, error: String(error) })
		}
	}
	return outcome
}

/** What the templates say of a period in which there was nothing. */
const isEmpty = ({ code, faults }: AppError): boolean =>
	code === 'invalid' && faults.some(({ path }) => path === 'period')

async function dueReports(context: Context): Promise<Due[]> {
	const { reports: schedules } = context.policies.current()
	if (schedules.length === 0) return []
	const all = await context.db.select().from(models).orderBy(models.name)
	const deployed = await context.db
		.selectDistinct({ model: deployments.model, environment: deployments.environment })
		.from(deployments)
	const due: Due[] = []
	for (const schedule of schedules) {
		const period = lastPeriod(context.now() - settleMs, schedule.every)
		for (const { name, tags, riskTier } of all) {
			const isMeant = deployed.some(
				({ model, environment }) =>
					model === name && matchesAction(schedule, { model: name, tags, riskTier, environment }),
			)
			const one = { schedule, model: name, period }
			if (isMeant && !(await isMade(context, one))) due.push(one)
		}
	}
	return due
}

/** What came on the last day of a period has to be computed first. */
const settleMs = dayMs

/** Also one that a person has requested: it is the same report. */
async function isMade({ db }: Context, { schedule, model, period }: Due): Promise<boolean> {
	const same = and(
		eq(reports.model, model),
		eq(reports.template, schedule.template),
		eq(reports.periodFrom, period.from),
		eq(reports.periodTo, period.to),
	)
	return (await db.select({ id: reports.id }).from(reports).where(same).limit(1)).length > 0
}

/** The last whole month or quarter, in UTC. */
export function lastPeriod(now: number, every: ReportSchedule['every']): { from: number; to: number } {
	const months = every === 'month' ? 1 : 3
	const date = new Date(now)
	const month = Math.floor(date.getUTCMonth() / months) * months
	const at = (offset: number) => Date.UTC(date.getUTCFullYear(), month + offset, 1)
	return { from: at(-months), to: at(0) }
}
