import type { ModelWithHealth } from '../../services/model/list-models.ts'
import { limits } from '../limits.ts'
import { clip, context, lines, named, type SlackMessage, say, section, shortTime } from './text.ts'

function line({ model, health }: ModelWithHealth): string {
	const { worstAlert: worst, lastPrediction: last } = health
	const since = worst?.since ? ` since ${shortTime(worst.since)}` : ''
	const why = worst ? `: ${named(worst.rule)}${since}` : ''
	return `• *${named(model)}* ${health.status}${why}, last prediction ${last ? shortTime(last) : 'never'}`
}

/** How models are. `areMore`: there are others that are not in the list. */
export function statusMessage(models: readonly ModelWithHealth[], areMore: boolean): SlackMessage {
	if (models.length === 0) return say('There is no model that you may see.')
	const hint = 'There are more models: `/plumb status &lt;model&gt;` shows one.'
	return {
		text: clip(models.map((m) => `${named(m.model)}: ${m.health.status}`).join(', '), limits.messageText),
		blocks: [section(lines(models.map(line))), ...(areMore ? [context(hint)] : [])],
	}
}
