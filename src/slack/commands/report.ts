import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { dayMs, formatTime, parseDuration } from '../../core/time.ts'
import { createReport } from '../../evidence/reports/create-report.ts'
import type { ReportTemplate } from '../../evidence/reports/template.ts'
import { reportTemplates } from '../../evidence/reports/templates/index.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { modelReportMessage, predictionReportMessage, reportMessage } from '../blocks/records.ts'
import { sendReport } from '../delivery/send-report.ts'
import { findModelInWords, findPredictionInWords, UnclearName } from '../parse-arguments.ts'
import type { Reply, SlackCommand } from '../reply.ts'
import { noMore } from './models.ts'

/** Other names of templates. */
const aliases: Record<string, string> = { bias: 'bias-audit', monitoring: 'model-monitoring' }
/** Figures of a model by the path of their data: no documents. */
const figures: Record<string, string> = {
	performance: 'metrics?metric=performance.*',
	drift: 'metrics?metric=drift.*',
	metrics: 'metrics',
}
const usage = 'report <template> <model|prediction|person> [period]'
const defaultPeriodMs = 30 * dayMs

export const report: SlackCommand = {
	name: 'report',
	usage,
	about: 'make a report for regulators, which comes to you as a file; or links to figures',
	example: 'report bias credit-risk 30d',
	isPersonal: true,
	answer: async (context, { actor, words }) => {
		authorise(actor, readers)
		const [typed = '', ...rest] = words
		const name = typed.toLowerCase()
		if (name === 'explanation')
			return predictionReportMessage(
				await findPredictionInWords(context, actor, rest, `report ${name}`),
				context.publicUrl,
			)
		const template = reportTemplates.find(({ id }) => id === (aliases[name] ?? name))
		if (!template && !Object.hasOwn(figures, name)) throw unknownTemplate(typed)
		if (template?.needs === 'decision') {
			const asked = await findPredictionInWords(context, actor, rest, `report ${name}`)
			return made(context, actor, { template: template.id, ...asked })
		}
		if (template?.needs === 'subject') {
			const [subject = ''] = rest
			if (subject === '') throw new AppError('invalid', `Add the person: /plumb report ${name} <subject>.`)
			noMore(rest.slice(1), usage)
			return made(context, actor, { template: template.id, subject })
		}
		return aboutModel(context, actor, { name, template, rest })
	},
}

type Asked = { name: string; template: ReportTemplate | undefined; rest: readonly string[] }

/** A report about a period or an incident of a model, or links to its figures. */
async function aboutModel(
	context: Context,
	actor: Actor,
	{ name, template, rest }: Asked,
): Promise<Reply | ReturnType<typeof modelReportMessage>> {
	const last = rest.at(-1) ?? ''
	const ms = rest.length > 1 ? parseDuration(last) : undefined
	const incident = template?.needs === 'incident' ? last : undefined
	const isMore = ms !== undefined || (incident !== undefined && rest.length > 1)
	const about = isMore ? rest.slice(0, -1) : rest
	try {
		const { model, rest: more } = await findModelInWords(context, actor, about)
		noMore(more, usage)
		if (!template) return figuresOf(context, model.name, name, ms)
		const asked = { template: template.id, model: model.name }
		if (incident !== undefined) return made(context, actor, { ...asked, incident })
		return made(context, actor, { ...asked, period: wholeDays(context.now(), ms ?? defaultPeriodMs) })
	} catch (error) {
		if (!(error instanceof UnclearName)) throw error
		const period = isMore ? rest.slice(-1) : []
		throw new UnclearName(
			error.code,
			error.message,
			error.choices.map((c) => ({ ...c, words: [name, ...c.words, ...period] })),
		)
	}
}

function figuresOf({ now, publicUrl }: Context, model: string, name: string, ms: number | undefined) {
	const times = ms === undefined ? undefined : { from: formatTime(now() - ms), to: formatTime(now()) }
	return modelReportMessage(model, name, figures[name] as string, publicUrl, times)
}

/** Up to the last midnight in UTC, so that the same words on the same day are the same report. */
function wholeDays(now: number, ms: number): { from: number; to: number } {
	const to = now < dayMs ? now : Math.floor(now / dayMs) * dayMs
	return { from: Math.max(0, to - ms), to }
}

async function made(
	context: Context,
	actor: Actor,
	input: Parameters<typeof createReport>[2],
): Promise<Reply> {
	const { report: record } = await createReport(context, actor, input)
	return {
		message: reportMessage(record, context.publicUrl, whereTo(context, actor)),
		later: () => sendReport(context, actor, record),
		isPersonal: true,
	}
}

const whereTo = ({ slack }: Context, { how }: Actor): 'message' | 'link' =>
	slack && how === 'slack' ? 'message' : 'link'

function unknownTemplate(typed: string): AppError {
	const ids = reportTemplates.map(({ id }) => id)
	const all = [...ids, ...Object.keys(aliases), 'explanation', ...Object.keys(figures)]
	const near = nearest(typed, all)
	const what = typed === '' ? 'Add a template.' : `There is no template "${typed.slice(0, 100)}".`
	const of = (needs: readonly ReportTemplate['needs'][]) =>
		reportTemplates
			.filter((t) => needs.includes(t.needs))
			.map((t) => t.id)
			.join(', ')
	return new AppError(
		'invalid',
		`${what}${near ? ` Did you mean "${near}"?` : ''} Of a prediction: explanation, ${of(['decision'])}; of a person: ${of(['subject'])}; of a model: ${of(['period', 'incident'])}, ${Object.keys(figures).join(', ')}. Use /plumb ${usage}.`,
	)
}
