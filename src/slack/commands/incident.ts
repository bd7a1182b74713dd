import { getIncident } from '../../alerting/incident/read-incidents.ts'
import { AppError } from '../../core/errors.ts'
import { incidentMessage } from '../blocks/incident.ts'
import { incidentEvidence } from '../delivery/incident-details.ts'
import type { SlackCommand } from '../reply.ts'

const listed = '`/plumb incidents` lists them.'

export const incident: SlackCommand = {
	name: 'incident',
	usage: 'incident <id>',
	about: 'one incident with its evidence',
	answer: async (context, { actor, words }) => {
		const [id] = words
		if (id === undefined) throw new AppError('invalid', `Say which: /plumb incident <id>. ${listed}`)
		try {
			const found = await getIncident(context, actor, id)
			return incidentMessage(found, context.publicUrl, await incidentEvidence(context, found))
		} catch (error) {
			if (!(error instanceof AppError && error.code === 'not-found')) throw error
			throw new AppError('not-found', `There is no incident "${id.slice(0, 100)}". ${listed}`)
		}
	},
}
