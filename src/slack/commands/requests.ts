import type { RequestInput } from '../../approvals/request/request.schema.ts'
import { createRequest, getRequest, listRequests } from '../../approvals/request/request.ts'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { findVersion, versionNames } from '../../registry/version/find-version.ts'
import { requestReply, requestsMessage } from '../blocks/request-list.ts'
import { named, textMessage } from '../blocks/text.ts'
import { findModelInWords, splitReason } from '../parse-arguments.ts'
import type { CommandInput, Handler, SlackCommand } from '../reply.ts'

type Kind = Extract<RequestInput['kind'], 'rollback' | 'promotion' | 'retraining'>

/** What a request is called as a command, and what has to be said. */
const verbs: Record<Kind, { name: string; needsVersion: boolean; hasVersion: boolean }> = {
	rollback: { name: 'rollback', needsVersion: false, hasVersion: true },
	promotion: { name: 'promote', needsVersion: true, hasVersion: true },
	retraining: { name: 'retrain', needsVersion: false, hasVersion: false },
}

/** Requests an action. Nothing is done before it is approved. Throws `invalid` for what is missing, with the whole command. */
const requestOf =
	(kind: Kind): Handler =>
	async (context, asked) => {
		const { model, to, environment, reason } = await actionInWords(context, asked, kind)
		const made = await createRequest(context, asked.actor, {
			kind,
			model,
			environment: environment ?? 'production',
			...(to === undefined ? {} : { to }),
			reason,
		})
		return requestReply(made)
	}

async function actionInWords(context: Context, { actor, words }: CommandInput, kind: Kind) {
	const { name, needsVersion, hasVersion } = verbs[kind]
	const { head, reason } = splitReason(words)
	const usage = (model: string, more: readonly string[]) =>
		`/plumb ${[name, model, ...more, 'because', reason === '' ? '<reason>' : reason.slice(0, 300)].join(' ')}`
	if (head.length === 0)
		throw new AppError('invalid', `Nothing is requested yet. Add the model: ${usage('<model>', [])}.`)
	const { model, rest } = await findModelInWords(context, actor, words, { exact: true })
	const options = rest.slice(0, head.length - (words.length - rest.length))
	const { to, environment } = optionsOf(
		options,
		hasVersion,
		usage(model.name, hasVersion ? ['to <version>'] : []),
	)
	const version = to === undefined ? undefined : await versionOf(context, model.name, to)
	const place = environment === undefined ? [] : [`in ${environment}`]
	if (needsVersion && version === undefined)
		throw new AppError(
			'invalid',
			`Nothing is requested yet. Add the version: ${usage(model.name, ['to <version>', ...place])}.`,
		)
	if (reason === '')
		throw new AppError(
			'invalid',
			`Nothing is requested yet. Add the reason: ${usage(model.name, [...(version === undefined ? [] : [`to ${version}`]), ...place])}.`,
		)
	return { model: model.name, to: version, environment, reason }
}

/** `to <version>` and `in <environment>`, each at most once. */
function optionsOf(words: readonly string[], hasVersion: boolean, usage: string) {
	let to: string | undefined
	let environment: string | undefined
	for (let at = 0; at < words.length; at += 2) {
		const [word, value] = [words[at]?.toLowerCase(), words[at + 1]]
		if (word === 'to' && hasVersion && to === undefined && value?.toLowerCase() === 'version')
			to = words[++at + 1]
		else if (word === 'to' && hasVersion && to === undefined) to = value
		else if (word === 'in' && environment === undefined) environment = value
		else
			throw new AppError(
				'invalid',
				`Nothing is requested: "${words.slice(at).join(' ').slice(0, 100)}" is unclear. Use ${usage}.`,
			)
		if (words[at + 1] === undefined)
			throw new AppError('invalid', `Nothing is requested: after "${word}" a word is missing. Use ${usage}.`)
	}
	return { to, environment }
}

/** A version of the model; `v6` is also version 6. Throws `not-found` with the nearest. */
async function versionOf(context: Context, model: string, text: string): Promise<string> {
	const known = await versionNames(context, model)
	if (known.includes(text)) return text
	const bare = text.replace(/^v/i, '')
	return (await findVersion(context, model, known.includes(bare) ? bare : text)).version
}

export const rollback: SlackCommand = {
	name: 'rollback',
	usage: 'rollback <model> [to <version>] [in <environment>] because <reason>',
	about: 'request a rollback, by default to the previous champion in production',
	example: 'rollback credit-risk to 6 because income is in cents',
	answer: requestOf('rollback'),
}
export const promote: SlackCommand = {
	name: 'promote',
	usage: 'promote <model> to <version> [in <environment>] because <reason>',
	about: 'request that a version becomes the champion',
	example: 'promote credit-risk to 8 because it is better on every guard',
	answer: requestOf('promotion'),
}
export const retrain: SlackCommand = {
	name: 'retrain',
	usage: 'retrain <model> [in <environment>] because <reason>',
	about: 'request a retraining',
	example: 'retrain churn because it has drifted for three weeks',
	answer: requestOf('retraining'),
}

const maxListed = 20

export const requests: SlackCommand = {
	name: 'requests',
	usage: 'requests [id]',
	about: 'what waits for approval',
	example: 'requests',
	answer: async (context, { actor, words }) => {
		const [id] = words
		if (id !== undefined) return requestReply(await getRequest(context, actor, id))
		const pages = await Promise.all(
			unfinished.map((status) => listRequests(context, actor, { status, limit: maxListed })),
		)
		const open = pages.flatMap((page) => page.items)
		return requestsMessage(
			open.slice(0, maxListed),
			open.length > maxListed || pages.some((page) => page.next !== null),
		)
	},
}

/** In the order of the reply: what waits for people first. */
const unfinished = ['pending', 'inconclusive', 'approved', 'executing', 'verifying'] as const

/** Votes are cast with the button, where the exact action is shown. */
const voteElsewhere =
	(verb: string): Handler =>
	async (_context, { words }) =>
		textMessage(
			`Nothing was voted on. To ${verb}${words[0] === undefined ? ' a request' : ` ${named(words[0])}`}, press *Review* on its message in the channel, or on the Home tab of Plumbline: it shows the exact action, and you ${verb} it there. \`/plumb requests\` lists what is open.`,
		)

export const approve: SlackCommand = {
	name: 'approve',
	usage: 'approve [id]',
	about: 'where the Review button is: votes are cast there',
	example: 'approve',
	answer: voteElsewhere('approve'),
}
export const reject: SlackCommand = {
	name: 'reject',
	usage: 'reject [id]',
	about: 'where the Review button is: votes are cast there',
	example: 'reject',
	answer: voteElsewhere('reject'),
}
