import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { type WindowSize, windowSizes } from '../../core/time.ts'
import { attributeNames, readBias } from '../../monitoring/bias/read-bias.ts'
import { driftedColumns, readDrift } from '../../monitoring/drift/read-drift.ts'
import { performanceMetrics, readPerformance } from '../../monitoring/performance/read-performance.ts'
import { environmentsOf, segmentValues } from '../../monitoring/windows/recent-windows.ts'
import { seesFeatures } from '../../registry/key/authorise.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { biasMessage, noSensitiveAttributes } from '../blocks/bias.ts'
import { driftChart, performanceChart } from '../blocks/charts.ts'
import { driftMessage } from '../blocks/drift.ts'
import { nothingComputed, performanceMessage } from '../blocks/performance.ts'
import { chartLater } from '../delivery/share-picture.ts'
import { findModelInWords, type Phrases, parsePhrases, someOf, themselves } from '../parse-arguments.ts'
import type { SlackCommand } from '../reply.ts'

const family = 'performance.'

/** Each metric with and without the prefix of its family. */
const metricPhrases = (ids: readonly string[]): Phrases =>
	new Map(ids.flatMap((id) => [[id.slice(family.length), id] as const, [id, id] as const]))

const segmentPhrases = (values: readonly string[]): Phrases =>
	new Map(values.flatMap((value) => [[value, value] as const, [`segment ${value}`, value] as const]))

const environmentPhrases = (names: readonly string[]): Phrases =>
	new Map(names.flatMap((name) => [[`in ${name}`, name] as const, [name, name] as const]))

/** What every metric command can be limited to, and a text that lists it. */
async function scopesOf(context: Context, actor: Actor, model: ModelRow) {
	// Values of a sensitive attribute are groups of people.
	const segments = await segmentValues(context, model.name, seesFeatures(actor) ? [] : model.sensitive)
	const environments = await environmentsOf(context, model.name)
	const more = [
		...(segments.length > 0 ? [`the segments ${someOf(segments)}`] : []),
		...(environments.length > 1 ? [`the environments ${someOf(environments)}`] : []),
	]
	return {
		segment: segmentPhrases(segments),
		environment: environmentPhrases(environments),
		window: themselves(windowSizes),
		text: more.length === 0 ? '' : `, and ${more.join(', and ')}`,
	}
}

export const performance: SlackCommand = {
	name: 'performance',
	usage: 'performance <model> [metric] [1h|1d|7d] [segment name:value] [in <environment>]',
	about: 'the performance of a model, from outcomes and estimated',
	example: 'performance credit-risk roc_auc 7d',
	answer: async (context, { actor, words }) => {
		const { model, rest } = await findModelInWords(context, actor, words)
		const ids = performanceMetrics(model.task)
		const { segment, environment, window: windows, text } = await scopesOf(context, actor, model)
		const names = ids.map((id) => id.slice(family.length))
		const expected = `A ${model.task} model has the metrics ${names.join(', ')}, in windows of ${windowSizes.join(', ')}${text}.`
		const options = parsePhrases(
			rest,
			{ metric: metricPhrases(ids), window: windows, segment, environment },
			expected,
		)
		const window = (options.window ?? '1d') as WindowSize
		const found = await readPerformance(context, model, {
			window,
			metric: options.metric,
			segment: options.segment,
			environment: options.environment,
		})
		if (!found) return nothingComputed(model.name, window)
		return {
			message: performanceMessage(found),
			...chartLater(context, performanceChart(found), 'performance'),
		}
	},
}

export const drift: SlackCommand = {
	name: 'drift',
	usage: 'drift <model> [feature] [1h|1d|7d] [segment name:value] [in <environment>]',
	about: 'how far features and scores are from the baseline, the worst first',
	example: 'drift credit-risk 7d',
	answer: async (context, { actor, words }) => {
		const { model, rest } = await findModelInWords(context, actor, words)
		const { segment, environment, window: windows, text } = await scopesOf(context, actor, model)
		const columns = await driftedColumns(context, model.name)
		const expected = `This model has the features ${someOf(columns)}, in windows of ${windowSizes.join(', ')}${text}.`
		const options = parsePhrases(
			rest,
			{ window: windows, segment, environment, feature: themselves(columns) },
			expected,
		)
		const window = (options.window ?? '1d') as WindowSize
		const found = await readDrift(context, model, {
			window,
			feature: options.feature,
			segment: options.segment,
			environment: options.environment,
		})
		if (!found) return nothingComputed(model.name, window)
		return { message: driftMessage(found), ...chartLater(context, driftChart(found), 'drift') }
	},
}

/** Words for groups of people, and the names that attributes about them have. */
const attributeWords: readonly (readonly [word: string, name: RegExp])[] = [
	['gender', /^(sex|gender)$/i],
	['sex', /^(sex|gender)$/i],
	['women', /^(sex|gender)$/i],
	['men', /^(sex|gender)$/i],
	['age', /(^|_)age(_|$)/i],
	['race', /race|ethnic/i],
	['marriage', /marri|marital/i],
]

/** The names of attributes, and common words for those that a model has. */
const attributePhrases = (names: readonly string[]): Phrases => {
	const phrases = new Map(themselves(names))
	for (const [word, pattern] of attributeWords) {
		const name = names.find((n) => pattern.test(n))
		if (name !== undefined && !names.some((n) => n.toLowerCase() === word)) phrases.set(word, name)
	}
	return phrases
}

export const bias: SlackCommand = {
	name: 'bias',
	usage: 'bias <model> [attribute] [1h|1d|7d] [in <environment>]',
	about: 'fairness between the groups of sensitive attributes',
	example: 'bias credit-risk gender',
	answer: async (context, { actor, words }) => {
		const { model, rest } = await findModelInWords(context, actor, words)
		if (model.sensitive.length === 0) return noSensitiveAttributes(model.name)
		const names = attributeNames(model)
		const pair = names.length > model.sensitive.length ? `, or two of them as "${names.at(-1)}"` : ''
		const expected = `Sensitive attributes of this model: ${someOf(model.sensitive)}${pair}; windows: ${windowSizes.join(', ')}.`
		const environments = await environmentsOf(context, model.name)
		const options = parsePhrases(
			rest,
			{
				attribute: attributePhrases(names),
				window: themselves(windowSizes),
				environment: environmentPhrases(environments),
			},
			expected,
		)
		const window = (options.window ?? '1d') as WindowSize
		const found = await readBias(context, model, {
			window,
			attribute: options.attribute,
			environment: options.environment,
			namesSmall: seesFeatures(actor),
		})
		return found ? biasMessage(found) : nothingComputed(model.name, window)
	},
}
