import { type WindowSize, windowSizes } from '../../core/time.ts'
import { performanceMetrics, readPerformance } from '../../monitoring/performance/read-performance.ts'
import { segmentValues } from '../../monitoring/windows/recent-windows.ts'
import { seesFeatures } from '../../registry/key/authorise.ts'
import { nothingComputed, performanceMessage } from '../blocks/performance.ts'
import { type Phrases, parsePhrases, someOf, themselves } from '../parse-phrases.ts'
import { findAskedModel } from '../questions/find-asked-model.ts'
import type { SlackCommand } from '../reply.ts'

const family = 'performance.'

/** With and without the family's name. */
const metricPhrases = (ids: readonly string[]): Phrases =>
	new Map(ids.flatMap((id) => [[id.slice(family.length), id] as const, [id, id] as const]))

const segmentPhrases = (values: readonly string[]): Phrases =>
	new Map(values.flatMap((value) => [[value, value] as const, [`segment ${value}`, value] as const]))

export const performance: SlackCommand = {
	name: 'performance',
	usage: 'performance <model> [metric] [1h|1d|7d] [segment name:value]',
	about: 'how well a model does, by its outcomes and without them',
	answer: async (context, { actor, words }) => {
		const { model, rest } = await findAskedModel(context, actor, words)
		const ids = performanceMetrics(model.task)
		// Values of a sensitive attribute are groups of people.
		const hidden = seesFeatures(actor) ? [] : model.sensitive
		const segments = await segmentValues(context, model.name, hidden)
		const names = ids.map((id) => id.slice(family.length))
		const expected = `A ${model.task} model has the metrics ${names.join(', ')}, in windows of ${windowSizes.join(', ')}${
			segments.length > 0 ? `, and the segments ${someOf(segments)}` : ''
		}.`
		const asked = parsePhrases(
			rest,
			{
				metric: metricPhrases(ids),
				window: themselves(windowSizes),
				segment: segmentPhrases(segments),
			},
			expected,
		)
		const window = (asked.window ?? '1d') as WindowSize
		const found = await readPerformance(context, model, {
			window,
			metric: asked.metric,
			segment: asked.segment,
		})
		return found ? performanceMessage(found) : nothingComputed(model.name, window)
	},
}
