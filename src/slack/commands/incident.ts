import { AppError } from '../../core/errors.ts'
import { getIncident } from '../../services/incident/get-incident.ts'
import { incidentMessage } from '../blocks/incident.ts'
import type { SlackCommand } from '../reply.ts'

export const incident: SlackCommand = {
	name: 'incident',
	usage: 'incident <id>',
	about: 'one incident with its evidence',
	answer: async (context, { actor, words }) => {
		const [id] = words
		if (id === undefined)
			throw new AppError('invalid', 'Say which: /plumb incident <id>. /plumb incidents lists them.')
		return incidentMessage(await getIncident(context, actor, id), context.publicUrl)
	},
}
