import { type WindowSize, windowSizes } from '../../core/time.ts'
import { attributeNames, readBias } from '../../monitoring/bias/read-bias.ts'
import { seesFeatures } from '../../registry/key/authorise.ts'
import { biasMessage, noSensitiveAttributes } from '../blocks/bias.ts'
import { nothingComputed } from '../blocks/performance.ts'
import { parsePhrases, someOf, themselves } from '../parse-phrases.ts'
import { findAskedModel } from '../questions/find-asked-model.ts'
import type { SlackCommand } from '../reply.ts'

export const bias: SlackCommand = {
	name: 'bias',
	usage: 'bias <model> [attribute] [1h|1d|7d]',
	about: 'how the groups of its sensitive attributes fare',
	answer: async (context, { actor, words }) => {
		const { model, rest } = await findAskedModel(context, actor, words)
		if (model.sensitive.length === 0) return noSensitiveAttributes(model.name)
		const names = attributeNames(model)
		const pair = names.length > model.sensitive.length ? `, or two of them as "${names.at(-1)}"` : ''
		const expected = `Sensitive attributes of this model: ${someOf(model.sensitive)}${pair}; windows: ${windowSizes.join(', ')}.`
		const asked = parsePhrases(
			rest,
			{ attribute: themselves(names), window: themselves(windowSizes) },
			expected,
		)
		const window = (asked.window ?? '1d') as WindowSize
		const found = await readBias(context, model, {
			window,
			attribute: asked.attribute,
			namesSmall: seesFeatures(actor),
		})
		return found ? biasMessage(found) : nothingComputed(model.name, window)
	},
}
