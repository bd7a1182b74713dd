import { getIncident, openIncidents } from '../../alerting/incident/read-incidents.ts'
import { createSilence, type SilenceInput } from '../../alerting/silence/silence.ts'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { matchesGlob } from '../../core/glob.ts'
import { nearest } from '../../core/nearest.ts'
import { formatTime, parseDuration, parseTime } from '../../core/time.ts'
import { seesAll } from '../../registry/key/authorise.ts'
import { incidentMessage, incidentsMessage } from '../blocks/incident.ts'
import { named, type SlackMessage, shortTime, textMessage } from '../blocks/text.ts'
import { incidentEvidence } from '../delivery/incident-details.ts'
import { findModelInWords, splitReason } from '../parse-arguments.ts'
import type { SlackCommand } from '../reply.ts'
import { noMore } from './models.ts'

const maxListed = 20

export const incidents: SlackCommand = {
	name: 'incidents',
	usage: 'incidents [model]',
	about: 'unresolved incidents',
	example: 'incidents',
	answer: async (context, { actor, words }) => {
		if (words.length === 0) {
			const { items, areMore } = await openIncidents(context, actor, maxListed)
			return incidentsMessage(items, areMore)
		}
		const { model, rest } = await findModelInWords(context, actor, words)
		noMore(rest, 'incidents [model]')
		const { items, areMore } = await openIncidents(context, actor, maxListed, model.name)
		return incidentsMessage(items, areMore)
	},
}

const listed = '`/plumb incidents` lists them.'

export const incident: SlackCommand = {
	name: 'incident',
	usage: 'incident <id>',
	about: 'one incident with its evidence',
	example: 'incident inc_01kjx2y4v0',
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

const usage = 'silence <rule|model> for 2h because <reason>'

export const silence: SlackCommand = {
	name: 'silence',
	usage: 'silence <rule|model> [in <environment>] for 2h because <reason>',
	about: 'keep alerts of a rule or a model from opening incidents for some time',
	example: 'silence feature-drift for 2h because the source moves to euros',
	answer: async (context, { actor, words }) => {
		const { head, reason } = splitReason(words)
		const { target, duration, environment } = splitDuration(head)
		if (target.length === 0)
			throw missing('the name of a rule or a model', ['<rule|model>'], duration, reason)
		const matchers = await matchersOf(context, actor, target, words)
		if (duration === '') throw missing('how long', target, duration, reason)
		const now = context.now()
		const ms = parseDuration(duration)
		const expiresAt = ms === undefined ? parseTime(duration) : now + ms
		if (expiresAt === undefined)
			throw new AppError(
				'invalid',
				`"${duration.slice(0, 100)}" is no duration. Use one such as 30m, 2h or 1d: /plumb ${usage}.`,
			)
		if (reason === '') throw missing('a reason', target, duration, reason)
		const environments = environment === undefined ? {} : { environments: [environment] }
		const made = await createSilence(context, actor, {
			...matchers.input,
			...environments,
			reason,
			expiresAt,
		})
		return silenceMessage(made.id, matchers.about, environment, expiresAt, reason)
	},
}

function missing(what: string, target: readonly string[], duration: string, reason: string): AppError {
	const text = `silence ${target.join(' ')} for ${duration || '2h'} because ${reason || '<reason>'}`
	return new AppError('invalid', `Nothing is silenced yet. Add ${what}: /plumb ${text.slice(0, 300)}.`)
}

/** The words before `for <duration>` and `in <environment>`, which come in any order. */
function splitDuration(head: readonly string[]) {
	const target = [...head]
	let duration = ''
	let environment: string | undefined
	for (;;) {
		const at = target.length - 2
		const word = target[at]?.toLowerCase()
		if (word === 'for' && duration === '') duration = target.splice(at, 2)[1] as string
		else if (word === 'in' && environment === undefined) environment = target.splice(at, 2)[1]
		else return { target, duration, environment }
	}
}

type Silenced = { input: Pick<SilenceInput, 'rules' | 'models'>; about: string }

/** A rule or a glob of rules, limited to the models of the person; or a model. */
async function matchersOf(
	context: Context,
	actor: Actor,
	target: readonly string[],
	words: readonly string[],
): Promise<Silenced> {
	const name = target.join(' ')
	const rules = context.rules.current().rules.map((rule) => rule.name)
	const isGlob = /[*?]/.test(name) && rules.some((r) => matchesGlob(name, r))
	const rule = isGlob ? name : rules.find((r) => r.toLowerCase() === name.toLowerCase())
	const models = seesAll(actor) ? undefined : actor.models
	if (rule !== undefined)
		return {
			input: { rules: [rule], ...(models === undefined ? {} : { models: [...models] }) },
			about: `the rule *${named(rule)}*${models === undefined ? '' : ` for ${named(models.join(', '))}`}`,
		}
	try {
		const { model, rest } = await findModelInWords(
			context,
			actor,
			[...target, ...words.slice(target.length)],
			{
				exact: true,
			},
		)
		if (rest.length !== words.length - target.length) noMore(target.slice(words.length - rest.length), usage)
		return { input: { models: [model.name] }, about: `all rules of *${named(model.name)}*` }
	} catch (error) {
		const near = nearest(name, rules)
		if (!(error instanceof AppError && error.code === 'not-found') || near === undefined) throw error
		throw new AppError(
			'not-found',
			`There is no rule or model "${name.slice(0, 100)}". Did you mean the rule "${near}"?`,
		)
	}
}

const silenceMessage = (
	id: string,
	about: string,
	environment: string | undefined,
	expiresAt: number,
	reason: string,
): SlackMessage =>
	textMessage(
		`:no_bell: ${named(id)} silences ${about}${environment === undefined ? '' : ` in ${named(environment)}`} until ${shortTime(formatTime(expiresAt))}: ${named(reason, 500)}. Alerts are still recorded, but open no incidents.`,
	)
