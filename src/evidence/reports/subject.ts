import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { incidents } from '../../db/schema.ts'
import { noPrediction } from '../../ingest/read-prediction.ts'
import { findModel } from '../../registry/model/find-model.ts'
import type { ReportInput } from './report.schema.ts'
import type { ReportCut, ReportSubject, ReportTemplate } from './template.ts'

type Member = 'model' | 'period' | 'predictionId' | 'subject' | 'incident'

/** What a report of each kind is about. */
const needed: Record<ReportTemplate['needs'], { must: Member[]; may: Member[]; text: string }> = {
	decision: { must: ['model', 'predictionId'], may: [], text: 'one decision' },
	period: { must: ['model', 'period'], may: [], text: 'a period' },
	subject: { must: ['subject'], may: ['model'], text: 'one person' },
	incident: { must: ['model', 'incident'], may: [], text: 'an incident' },
}
const members: Member[] = ['model', 'period', 'predictionId', 'subject', 'incident']

const fault = (path: string, message: string) =>
	new AppError('invalid', message, { faults: [{ path, message }] })

/** Checks what the report is about. `person`: whose data it has, if it is about one person or decision. */
export async function checkSubject(
	context: Context,
	template: ReportTemplate,
	input: ReportInput,
): Promise<{ subject: ReportSubject; person: string | null }> {
	const { must, may, text } = needed[template.needs]
	for (const member of members) {
		const isGiven = input[member] !== undefined
		if (isGiven && !must.includes(member) && !may.includes(member))
			throw fault(member, `${template.id} is about ${text}: leave \`${member}\` out.`)
		if (!isGiven && must.includes(member))
			throw fault(member, `${template.id} is about ${text}: give \`${must.join('` and `')}\`.`)
	}
	const { model, period, predictionId, subject, incident } = input
	if (model !== undefined) await findModel(context, model)
	if (period) checkPeriod(context, period)
	if (incident !== undefined) await checkIncident(context, model as string, incident)
	const about = { model, period, predictionId, subject, incident }
	const present = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined))
	if (predictionId === undefined) return { subject: present, person: subject ?? null }
	const stored = await context.log.read(model as string, predictionId)
	if (!stored) throw await noPrediction(context, model as string, predictionId)
	return { subject: present, person: stored.subject ?? null }
}

function checkPeriod({ now }: Context, { from, to }: { from: number; to: number }): void {
	if (from >= to) throw fault('period.to', 'period.to: must be later than `from`.')
	if (to > now())
		throw fault(
			'period.to',
			`period.to: ${formatTime(to)} is in the future. Give a period that has ended by ${formatTime(now())}.`,
		)
}

async function checkIncident({ db }: Context, model: string, incident: string): Promise<void> {
	const of = and(eq(incidents.id, incident), eq(incidents.model, model))
	const [known] = await db.select({ id: incidents.id }).from(incidents).where(of)
	if (known) return
	throw new AppError('not-found', `${model} has no incident ${JSON.stringify(incident)}.`, {
		hint: { to: 'list-incidents' },
	})
}

/** The moment whose law applies: the last of the period, that of the decision or incident; else that of the cut. */
export async function timeOf(
	{ db, log }: Context,
	{ model, period, predictionId, incident }: ReportSubject,
	cut: ReportCut,
): Promise<number> {
	if (period) return period.to - 1
	if (predictionId !== undefined) return (await log.read(model as string, predictionId))?.timestamp ?? cut.at
	if (incident === undefined) return cut.at
	const [row] = await db.select({ at: incidents.openedAt }).from(incidents).where(eq(incidents.id, incident))
	return row?.at ?? cut.at
}
