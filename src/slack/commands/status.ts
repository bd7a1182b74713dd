import { openIncidents } from '../../alerting/incident/read-incidents.ts'
import { getModel, listModels } from '../../registry/model/list-models.ts'
import { statusMessage } from '../blocks/models.ts'
import type { SlackCommand } from '../reply.ts'

const limit = 30
const maxIncidents = 200

export const status: SlackCommand = {
	name: 'status',
	usage: 'status [model]',
	about: 'how the models are, or one of them, and the worst incident of each',
	answer: async (context, { actor, words }) => {
		// Names may have blanks in them.
		const name = words.join(' ')
		if (name !== '') {
			const model = await getModel(context, actor, name)
			const { items: open } = await openIncidents(context, actor, maxIncidents, name)
			return statusMessage([model], open, false)
		}
		const { items, next } = await listModels(context, actor, { limit })
		const { items: open } = await openIncidents(context, actor, maxIncidents)
		return statusMessage(items, open, next !== null)
	},
}
