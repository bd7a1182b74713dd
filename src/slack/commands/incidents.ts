import { listIncidents } from '../../services/incident/list-incidents.ts'
import { incidentText } from '../blocks/incident.ts'
import { clip, escapeText, section } from '../blocks/text.ts'
import type { SlackCommand } from '../reply.ts'

const mostShown = 15

export const incidents: SlackCommand = {
	name: 'incidents',
	usage: 'incidents',
	about: 'the incidents that are not resolved',
	answer: async (context, { actor }) => {
		const { items } = await listIncidents(context, actor, { limit: 200 })
		const open = items.filter((i) => i.status !== 'resolved')
		if (open.length === 0) return { text: 'No incident is open.', blocks: [section('No incident is open.')] }
		const lines = open
			.slice(0, mostShown)
			.map((i) => `• \`${escapeText(i.id)}\` ${incidentText(i)} (${i.status})`)
		const more = open.length > mostShown ? `\n… and ${open.length - mostShown} more` : ''
		return {
			text: `${open.length} open: ${clip(open.map(incidentText).join('; '), 2500)}`,
			blocks: [section(clip(lines.join('\n'), 2900) + more)],
		}
	},
}
