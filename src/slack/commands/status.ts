import { getModel, listModels, type ModelWithHealth } from '../../services/model/list-models.ts'
import { clip, escapeText, section } from '../blocks/text.ts'
import type { SlackCommand } from '../reply.ts'

const mostShown = 30

function line({ model, health }: ModelWithHealth): string {
	const worst = health.worstAlert ? `, ${health.worstAlert.severity}: ${health.worstAlert.rule}` : ''
	return `• *${escapeText(clip(model, 100))}*: ${health.status}${escapeText(worst)}, last prediction ${health.lastPrediction ?? 'never'}`
}

export const status: SlackCommand = {
	name: 'status',
	usage: 'status [model]',
	about: 'how the models are',
	answer: async (context, { actor, words }) => {
		const [name] = words
		const found =
			name === undefined
				? (await listModels(context, actor, { limit: mostShown })).items
				: [await getModel(context, actor, name)]
		if (found.length === 0)
			return {
				text: 'No models are registered that you may see.',
				blocks: [section('No models are registered that you may see.')],
			}
		const text = found.map((m) => `${m.model}: ${m.health.status}`).join(', ')
		return { text: escapeText(clip(text, 3000)), blocks: [section(clip(found.map(line).join('\n'), 3000))] }
	},
}
