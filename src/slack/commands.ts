import { getIncident, openIncidents } from '../alerting/incident/read-incidents.ts'
import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { type WindowSize, windowSizes } from '../core/time.ts'
import { type Drawn, drawExplanation } from '../decisions/explanation/draw-explanation.ts'
import { explainPrediction } from '../decisions/explanation/explain-prediction.ts'
import { attributeNames, readBias } from '../monitoring/bias/read-bias.ts'
import { performanceMetrics, readPerformance } from '../monitoring/performance/read-performance.ts'
import { segmentValues } from '../monitoring/windows/recent-windows.ts'
import { seesFeatures } from '../registry/key/authorise.ts'
import { getModel, listModels } from '../registry/model/list-models.ts'
import { biasMessage, noSensitiveAttributes } from './blocks/bias.ts'
import { explanationMessage, pictureMessage } from './blocks/explanation.ts'
import { incidentMessage, incidentsMessage } from './blocks/incident.ts'
import { statusMessage } from './blocks/models.ts'
import { nothingComputed, performanceMessage } from './blocks/performance.ts'
import { escapeText, lines, type SlackMessage, section } from './blocks/text.ts'
import { incidentEvidence } from './delivery/incident-details.ts'
import { uploadPicture } from './delivery/share-picture.ts'
import {
	findModelInWords,
	findPredictionInWords,
	type Phrases,
	parsePhrases,
	someOf,
	themselves,
} from './parse-arguments.ts'
import { keepQuestion } from './questions/question.ts'
import type { SlackCommand } from './reply.ts'

const why: SlackCommand = {
	name: 'why',
	usage: 'why <prediction> [in <model>]',
	about: 'why a score was given, and what would have changed it',
	answer: async (context, { actor, words }) => {
		const asked = await findPredictionInWords(context, actor, words)
		const explanation = await explainPrediction(context, actor, asked)
		const message = explanationMessage(explanation, await keepQuestion(context, asked))
		const drawn = drawExplanation(explanation)
		return drawn ? { message, later: () => pictureOf(context, drawn) } : { message }
	},
}

/** The picture that follows the reply, if it can be rendered and uploaded. */
async function pictureOf(context: Context, drawn: Drawn): Promise<SlackMessage | undefined> {
	const png = await context.renderPng?.(drawn.svg)
	const file = png && (await uploadPicture(context, { png, title: drawn.title }))
	return file === undefined ? undefined : pictureMessage(file, drawn)
}

const maxModels = 30
const maxIncidents = 200

const status: SlackCommand = {
	name: 'status',
	usage: 'status [model]',
	about: 'the status of all models or of one, each with its worst incident',
	answer: async (context, { actor, words }) => {
		// Names can contain spaces.
		const name = words.join(' ')
		if (name !== '') {
			const model = await getModel(context, actor, name)
			const { items: open } = await openIncidents(context, actor, maxIncidents, name)
			return statusMessage([model], open, false)
		}
		const { items, next } = await listModels(context, actor, { limit: maxModels })
		const { items: open } = await openIncidents(context, actor, maxIncidents)
		return statusMessage(items, open, next !== null)
	},
}

const family = 'performance.'

/** Each metric with and without the prefix of its family. */
const metricPhrases = (ids: readonly string[]): Phrases =>
	new Map(ids.flatMap((id) => [[id.slice(family.length), id] as const, [id, id] as const]))

const segmentPhrases = (values: readonly string[]): Phrases =>
	new Map(values.flatMap((value) => [[value, value] as const, [`segment ${value}`, value] as const]))

const performance: SlackCommand = {
	name: 'performance',
	usage: 'performance <model> [metric] [1h|1d|7d] [segment name:value]',
	about: 'the performance of a model, from outcomes and estimated',
	answer: async (context, { actor, words }) => {
		const { model, rest } = await findModelInWords(context, actor, words)
		const ids = performanceMetrics(model.task)
		// Values of a sensitive attribute are groups of people.
		const hidden = seesFeatures(actor) ? [] : model.sensitive
		const segments = await segmentValues(context, model.name, hidden)
		const names = ids.map((id) => id.slice(family.length))
		const expected = `A ${model.task} model has the metrics ${names.join(', ')}, in windows of ${windowSizes.join(', ')}${
			segments.length > 0 ? `, and the segments ${someOf(segments)}` : ''
		}.`
		const options = parsePhrases(
			rest,
			{
				metric: metricPhrases(ids),
				window: themselves(windowSizes),
				segment: segmentPhrases(segments),
			},
			expected,
		)
		const window = (options.window ?? '1d') as WindowSize
		const found = await readPerformance(context, model, {
			window,
			metric: options.metric,
			segment: options.segment,
		})
		return found ? performanceMessage(found) : nothingComputed(model.name, window)
	},
}

const bias: SlackCommand = {
	name: 'bias',
	usage: 'bias <model> [attribute] [1h|1d|7d]',
	about: 'fairness between the groups of sensitive attributes',
	answer: async (context, { actor, words }) => {
		const { model, rest } = await findModelInWords(context, actor, words)
		if (model.sensitive.length === 0) return noSensitiveAttributes(model.name)
		const names = attributeNames(model)
		const pair = names.length > model.sensitive.length ? `, or two of them as "${names.at(-1)}"` : ''
		const expected = `Sensitive attributes of this model: ${someOf(model.sensitive)}${pair}; windows: ${windowSizes.join(', ')}.`
		const options = parsePhrases(
			rest,
			{ attribute: themselves(names), window: themselves(windowSizes) },
			expected,
		)
		const window = (options.window ?? '1d') as WindowSize
		const found = await readBias(context, model, {
			window,
			attribute: options.attribute,
			namesSmall: seesFeatures(actor),
		})
		return found ? biasMessage(found) : nothingComputed(model.name, window)
	},
}

const maxListed = 20

const incidents: SlackCommand = {
	name: 'incidents',
	usage: 'incidents',
	about: 'unresolved incidents',
	answer: async (context, { actor }) => {
		const { items, areMore } = await openIncidents(context, actor, maxListed)
		return incidentsMessage(items, areMore)
	},
}

const listed = '`/plumb incidents` lists them.'

const incident: SlackCommand = {
	name: 'incident',
	usage: 'incident <id>',
	about: 'one incident with its evidence',
	answer: async (context, { actor, words }) => {
		const [id] = words
		if (id === undefined) throw new AppError('invalid', `Add the id: /plumb incident <id>. ${listed}`)
		try {
			const found = await getIncident(context, actor, id)
			return incidentMessage(found, context.publicUrl, await incidentEvidence(context, found))
		} catch (error) {
			if (!(error instanceof AppError && error.code === 'not-found')) throw error
			throw new AppError('not-found', `There is no incident "${id.slice(0, 100)}". ${listed}`)
		}
	},
}

const about = { name: 'help', usage: 'help', about: 'the list of commands' }

/** Lists all commands. */
const helpFor = (others: readonly SlackCommand[]): SlackCommand => ({
	...about,
	answer: async () => helpMessage([about, ...others]),
})

/** Usage and meaning of each command. */
function helpMessage(commands: readonly { usage: string; about: string }[]): SlackMessage {
	const all = commands.map(({ usage, about }) => `\`/plumb ${escapeText(usage)}\`  ${escapeText(about)}`)
	return {
		text: `Commands: ${commands.map((c) => escapeText(c.usage)).join(', ')}`,
		blocks: [section(lines(all))],
	}
}

const commands = [why, status, performance, bias, incidents, incident] satisfies SlackCommand[]
const help = helpFor(commands)

/** The commands of `/plumb`. A new one is an object above and an entry in `commands`. */
export const slackCommands: readonly SlackCommand[] = [help, ...commands]

/** The command at the start of a text, and the words after it. Throws `invalid` with the nearest command. */
export function findCommand(text: string): { command: SlackCommand; words: string[] } {
	const [name = 'help', ...words] = text
		.trim()
		.split(/\s+/)
		.filter((w) => w !== '')
	const command = slackCommands.find((c) => c.name === name.toLowerCase())
	if (command) return { command, words }
	const near = nearest(
		name,
		slackCommands.map((c) => c.name),
	)
	throw new AppError(
		'invalid',
		`There is no command "${name.slice(0, 100)}".${near ? ` Did you mean \`/plumb ${near}\`?` : ''} \`/plumb help\` lists the commands.`,
	)
}
