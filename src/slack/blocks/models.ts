import type { Incident } from '../../alerting/incident/incident.schema.ts'
import type { Deployment } from '../../registry/deployment/deployment.schema.ts'
import type { ModelWithHealth } from '../../registry/model/model.schema.ts'
import { limits } from '../limits.ts'
import { clip, context, lines, named, type SlackMessage, section, shortTime, textMessage } from './text.ts'

const noModel = 'There is no model that you can see.'

const severities = ['info', 'warning', 'critical']

/** The most severe first; of equal severity, incidents that cast doubt on all others: another model serves, or no data arrives. */
function worstFirst(a: Incident, b: Incident): number {
	const doubt = ({ alerts }: Incident) =>
		alerts.some((alert) => alert.metric.startsWith('replay.') || alert.metric === 'quality.freshness_ms')
	return (
		severities.indexOf(b.severity) - severities.indexOf(a.severity) ||
		Number(doubt(b)) - Number(doubt(a)) ||
		(a.beganAt < b.beganAt ? -1 : 1)
	)
}

/** The worst open incident of a model, and how many more there are. Escaped. */
function trouble({ health }: ModelWithHealth, open: readonly Incident[]): string {
	const [worst, ...others] = [...open].sort(worstFirst)
	if (worst) {
		const more = others.length === 0 ? '' : ` (and ${others.length} more open)`
		return `: ${named(worst.title, 300)}${more}`
	}
	const alert = health.worstAlert
	if (!alert) return ''
	return `: ${named(alert.rule)}${alert.since ? ` since ${shortTime(alert.since)}` : ''}`
}

const statuses = ['unknown', 'ok', ...severities]

/** Each model with its status and its worst incident, the worst first. Escaped. */
export function modelLines(models: readonly ModelWithHealth[], open: readonly Incident[]): string[] {
	const rank = ({ health }: ModelWithHealth) => statuses.indexOf(health.status)
	return [...models].sort((a, b) => rank(b) - rank(a)).map((model) => modelText(model, open).line)
}

function modelText(model: ModelWithHealth, open: readonly Incident[]): { text: string; line: string } {
	const { status, lastPrediction: last } = model.health
	const what = trouble(
		model,
		open.filter((i) => i.model === model.model),
	)
	const seen = `last prediction ${last ? shortTime(last) : 'never'}`
	return {
		text: `${named(model.model)}: ${status}${what}`,
		line: `• *${named(model.model)}* ${status}${what}, ${seen}`,
	}
}

/** The status of models, each with its worst incident. `areMore`: the list is not complete. */
export function statusMessage(
	models: readonly ModelWithHealth[],
	open: readonly Incident[],
	areMore: boolean,
): SlackMessage {
	if (models.length === 0) return textMessage(noModel)
	const plainText = models.map((model) => modelText(model, open))
	const hint = 'There are more models: `/plumb status &lt;model&gt;` shows one.'
	return {
		text: clip(plainText.map((t) => t.text).join('; '), limits.messageText),
		blocks: [section(lines(plainText.map((t) => t.line))), ...(areMore ? [context(hint)] : [])],
	}
}

/** What each model is for, and which version serves where. `areMore`: the list is not complete. */
export function modelsMessage(
	models: readonly { model: ModelWithHealth; serving: readonly Deployment[] }[],
	areMore: boolean,
): SlackMessage {
	if (models.length === 0) return textMessage(noModel)
	const all = models.map(({ model: { model, task, riskTier, owner }, serving }) => {
		const where = serving.map(({ environment, champion, challenger }) => {
			const second = challenger ? ` (challenger ${named(challenger, 60)})` : ''
			return `version ${named(champion, 60)} in ${named(environment, 60)}${second}`
		})
		const facts = [
			task,
			...(riskTier ? [`risk ${named(riskTier, 60)}`] : []),
			...(owner ? [`owner ${named(owner, 60)}`] : []),
			where.length === 0 ? 'not deployed' : where.join(', '),
		]
		return { name: named(model), facts: facts.join(', ') }
	})
	return {
		text: clip(all.map(({ name, facts }) => `${name}: ${facts}`).join('; '), limits.messageText),
		blocks: [
			section(lines(all.map(({ name, facts }) => `• *${name}* ${facts}`))),
			...(areMore ? [context('There are more models than fit here.')] : []),
		],
	}
}
