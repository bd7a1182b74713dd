import type { RecentEntry } from '../../evidence/audit/recent-entries.ts'
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
		`No document is written for a model yet. The figures of *${named(model)}*${when} are available as JSON with your API key: ${link(path, `the ones of ${named(template)}`)}; also ${link('bias', 'fairness')}, ${link('metrics?metric=performance.*', 'performance')}, ${link('metrics?metric=drift.*', 'drift')} and ${link('metrics', 'all metrics')}. \`/plumb bias\`, \`performance\` and \`drift\` show them here.`,
	)
}
