import { acknowledgeIncident } from '../../services/incident/acknowledge-incident.ts'
import { section } from '../blocks/text.ts'
import type { Handler } from '../reply.ts'

export const acknowledge: Handler = async (context, { actor, words }) => {
	const incident = await acknowledgeIncident(context, actor, words[0] ?? '')
	const text = `You have acknowledged ${incident.id}. The channel's message follows.`
	return { text, blocks: [section(text)] }
}
