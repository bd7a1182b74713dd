import { getModel, listModels } from '../../services/model/list-models.ts'
import { statusMessage } from '../blocks/models.ts'
import type { SlackCommand } from '../reply.ts'

const limit = 30

export const status: SlackCommand = {
	name: 'status',
	usage: 'status [model]',
	about: 'how the models are, or one of them',
	answer: async (context, { actor, words }) => {
		// Names may have blanks in them.
		const name = words.join(' ')
		if (name !== '') return statusMessage([await getModel(context, actor, name)], false)
		const { items, next } = await listModels(context, actor, { limit })
		return statusMessage(items, next !== null)
	},
}
