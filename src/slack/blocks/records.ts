import type { RecentEntry } from '../../evidence/audit/recent-entries.ts'
import type { Report } from '../../evidence/reports/report.schema.ts'
import { limits } from '../limits.ts'
import type { PredictionRef } from '../questions/question.ts'
import {
	clip,
	context,
	escapeText,
	lines,
	named,
	type SlackMessage,
	section,
	shortTime,
	textMessage,
} from './text.ts'

/** Entries of the ledger, a line each. */
export function auditMessage(
	{ items, areMore }: { items: readonly RecentEntry[]; areMore: boolean },
	{ about, since }: { about: string; since: string | undefined },
): SlackMessage {
	const from = since === undefined ? '' : ` since ${shortTime(since)}`
	const title = `Ledger entries about ${named(about)}${from}`
	if (items.length === 0)
		return textMessage(`${title}: none that you can see. Check the name, or leave out \`since\`.`)
	const all = items.map(({ index, at, actor, action, object, why }) => {
		const reason = why === undefined ? '' : `: ${named(why, 200)}`
		return `• ${shortTime(at)} *${named(actor)}* ${named(action)} ${named(object, 200)}${reason} (entry ${index})`
	})
	const more = areMore ? ' There are more than fit here.' : ''
	return {
		text: clip([title, ...all].join('\n'), limits.messageText),
		blocks: [
			section(`*${title}*`),
			section(lines(all)),
			context(
				`The newest first; times are in UTC.${more} \`GET /v1/audit/entries\` has the exact text of each entry.`,
			),
		],
	}
}

/** Links to the whole explanation. */
export function predictionReportMessage(
	{ model, predictionId }: PredictionRef,
	publicUrl: string,
): SlackMessage {
	const path = `/v1/models/${encodeURIComponent(model)}/predictions/${encodeURIComponent(predictionId)}/explanation`
	const link = (end: string, label: string) => `<${escapeText(publicUrl + path + end)}|${label}>`
	return textMessage(
		`The whole explanation is available with your API key ${link('', 'as JSON')} (decision, replay, contributions, reasons, counterfactuals, lineage, proof), and as a picture ${link('.svg', 'in SVG')} or ${link('.png', 'in PNG')}. For a letter to the applicant, use the reasons in it: they have the wording of the approved table.`,
	)
}

/** A report that was made. Nothing of the person that it is about. */
export function reportMessage(report: Report, publicUrl: string, where: 'message' | 'link'): SlackMessage {
	const { id, template, model, period, status, request, digests, manifest } = report
	const url = `${publicUrl}/v1/reports/${encodeURIComponent(id)}`
	const links = (['pdf', 'html', 'json', 'csv', 'zip'] as const)
		.filter((form) => form === 'zip' || digests[form] !== null)
		.map((form) => `<${escapeText(`${url}.${form}`)}|${form}>`)
	const when = period ? `, ${shortTime(period.from)} to ${shortTime(period.to)}` : ''
	const state =
		status === 'approved'
			? 'It is approved.'
			: `It is a draft until its request ${named(request ?? 'none')} is approved.`
	const file = where === 'message' ? ' The file follows in your direct messages.' : ''
	return {
		text: `${named(template)} of ${named(model)}${when}: ${named(id)}. ${state}${file}`,
		blocks: [
			section(`*${named(template)}* of *${named(model)}*${when}: \`${escapeText(id)}\``),
			section(`${state}${file} With your API key: ${links.join(', ')}.`),
			context(`\`${escapeText(manifest)}\``),
		],
	}
}

/** A link to the figures of a model, and to the others that there are. */
export function modelReportMessage(
	model: string,
	template: string,
	path: string,
	publicUrl: string,
	times: { from: string; to: string } | undefined,
): SlackMessage {
	const base = `${publicUrl}/v1/models/${encodeURIComponent(model)}/`
	const period = times === undefined ? '' : `from=${times.from}&to=${times.to}`
	const link = (to: string, label: string) =>
		`<${escapeText(base + to + (period === '' ? '' : (to.includes('?') ? '&' : '?') + period))}|${label}>`
	const when = times === undefined ? '' : ` from ${shortTime(times.from)} to ${shortTime(times.to)}`
	return textMessage(
		`The figures of *${named(model)}*${when} are available as JSON with your API key: ${link(path, `the ones of ${named(template)}`)}; also ${link('bias', 'fairness')}, ${link('metrics?metric=performance.*', 'performance')}, ${link('metrics?metric=drift.*', 'drift')} and ${link('metrics', 'all metrics')}. \`/plumb bias\`, \`performance\` and \`drift\` show them here.`,
	)
}
