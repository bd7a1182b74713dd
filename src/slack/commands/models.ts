import { openIncidents } from '../../alerting/incident/read-incidents.ts'
import { AppError } from '../../core/errors.ts'
import { readLineage } from '../../decisions/lineage/read-lineage.ts'
import { currentDeployments } from '../../registry/deployment/get-deployment.ts'
import { getModel, listModels } from '../../registry/model/list-models.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { modelsMessage, statusMessage } from '../blocks/models.ts'
import { escapeText, header, lines, named, section } from '../blocks/text.ts'
import { findModelInWords } from '../parse-arguments.ts'
import type { SlackCommand } from '../reply.ts'

const maxModels = 30
const maxIncidents = 200

export const status: SlackCommand = {
	name: 'status',
	usage: 'status [model]',
	about: 'the status of all models or of one, each with its worst incident',
	example: 'status credit-risk',
	answer: async (context, { actor, words }) => {
		if (words.length > 0) {
			const { model, rest } = await findModelInWords(context, actor, words)
			noMore(rest, 'status [model]')
			const record = await getModel(context, actor, model.name)
			const { items: open } = await openIncidents(context, actor, maxIncidents, model.name)
			return statusMessage([record], open, false)
		}
		const { items, next } = await listModels(context, actor, { limit: maxModels })
		const { items: open } = await openIncidents(context, actor, maxIncidents)
		return statusMessage(items, open, next !== null)
	},
}

/** Throws `invalid` for words that a command does not know. */
export function noMore(rest: readonly string[], usage: string): void {
	if (rest.length === 0) return
	throw new AppError('invalid', `Unknown option "${rest.join(' ').slice(0, 100)}". Use /plumb ${usage}.`)
}

export const models: SlackCommand = {
	name: 'models',
	usage: 'models',
	about: 'your models, what they are for, and which version serves where',
	example: 'models',
	answer: async (context, { actor }) => {
		const { items, next } = await listModels(context, actor, { limit: maxModels })
		const serving = await Promise.all(items.map(({ model }) => currentDeployments(context, model)))
		return modelsMessage(
			items.map((model, i) => ({ model, serving: serving[i] ?? [] })),
			next !== null,
		)
	},
}

export const lineage: SlackCommand = {
	name: 'lineage',
	usage: 'lineage <model>[@<version>]',
	about: 'where a version comes from, and where it serves',
	example: 'lineage credit-risk@7',
	answer: async (context, { actor, words }) => {
		const at = words.join(' ').lastIndexOf('@')
		const text = words.join(' ')
		const { model, rest } = await findModelInWords(
			context,
			actor,
			(at > 0 ? text.slice(0, at) : text).split(' ').filter((w) => w !== ''),
		)
		noMore(rest, 'lineage <model>[@<version>]')
		const serving = await currentDeployments(context, model.name)
		const version =
			at > 0
				? text.slice(at + 1)
				: (serving.find((d) => d.environment === 'production') ?? serving[0])?.champion
		if (version === undefined || version === '')
			throw new AppError(
				'invalid',
				`No version of ${JSON.stringify(model.name)} is deployed. Name one: /plumb lineage <model>@<version>.`,
			)
		await findVersion(context, model.name, version)
		const { chain } = await readLineage(context, actor, {
			from: `version:${model.name}@${version}`,
			limit: 100,
		})
		const title = `Lineage of ${model.name}@${version}`
		return {
			text: [named(title, 300), ...chain.map((line) => named(line, 600))].join('\n').slice(0, 3900),
			blocks: [header(title), section(lines(chain.map((line) => `• ${escapeText(line.slice(0, 600))}`)))],
		}
	},
}
