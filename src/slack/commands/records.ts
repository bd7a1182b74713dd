import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { dayMs, formatTime, parseDuration, parseTime } from '../../core/time.ts'
import {
	actorsOfPerson,
	type EntrySubject,
	entryTopics,
	recentEntries,
} from '../../evidence/audit/recent-entries.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { auditMessage } from '../blocks/records.ts'
import { findModelInWords, UnclearName } from '../parse-arguments.ts'
import type { SlackCommand } from '../reply.ts'

const maxEntries = 20
const auditUsage = 'audit <prediction|model|person> [since 30d]'

export const audit: SlackCommand = {
	name: 'audit',
	usage: auditUsage,
	about: 'who did what, from the ledger, the newest first',
	example: 'audit credit-risk since 30d',
	isPersonal: true,
	answer: async (context, { actor, words }) => {
		authorise(actor, 'auditor')
		const { rest: before, since, sinceText } = splitSince(words, context.now())
		const { rest, topics } = splitTopics(before)
		if (rest.length === 0 && topics.length === 0)
			throw new AppError(
				'invalid',
				`Add what to look up: /plumb ${auditUsage}. Topics are ${Object.keys(entryTopics).join(', ')}.`,
			)
		const subject = rest.length === 0 ? undefined : await subjectOf(context, actor, rest, words)
		const found = await recentEntries(context, actor, { subject, topics, since, limit: maxEntries })
		return auditMessage(found, { about: [...rest, ...topics].join(' '), since: sinceText })
	},
}

/** Topics at the end of the words. */
function splitTopics(words: readonly string[]) {
	let end = words.length
	while (end > 0 && Object.hasOwn(entryTopics, words[end - 1]?.toLowerCase() ?? '')) end--
	return { rest: words.slice(0, end), topics: words.slice(end).map((w) => w.toLowerCase()) }
}

/** The words before `since …`, and the time after it. Throws `invalid` for a text that is no time. */
function splitSince(words: readonly string[], now: number) {
	const at = words.findLastIndex((word) => word.toLowerCase() === 'since')
	if (at === -1) return { rest: words, since: undefined, sinceText: undefined }
	const text = words.slice(at + 1).join(' ')
	const since = sinceTime(text, now)
	if (since === undefined)
		throw new AppError(
			'invalid',
			`"${text.slice(0, 100)}" is no time. Use since with 30d, 12h, 2026-03-01, yesterday or monday: /plumb ${auditUsage}.`,
		)
	return { rest: words.slice(0, at), since, sinceText: formatTime(since) }
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** When a period begins, in UTC: `30d` before now, a date, or a day by name. */
function sinceTime(text: string, now: number): number | undefined {
	const lower = text.toLowerCase()
	const today = Math.floor(now / dayMs) * dayMs
	if (lower === 'today') return today
	if (lower === 'yesterday') return today - dayMs
	const weekday = weekdays.indexOf(lower)
	if (weekday !== -1) return today - ((new Date(today).getUTCDay() - weekday + 7) % 7) * dayMs
	const ms = parseDuration(text)
	if (ms !== undefined) return Math.max(0, now - ms)
	return parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
}

/** A model, a person, an incident or request, and otherwise a prediction. */
async function subjectOf(
	context: Context,
	actor: Actor,
	rest: readonly string[],
	words: readonly string[],
): Promise<EntrySubject> {
	const text = rest.join(' ')
	// Slack sends a name in a slash command as plain text, which names nobody for sure.
	if (/^@\S/.test(text))
		throw new AppError(
			'invalid',
			`In a slash command, name the person by e-mail address or as slack:TEAM/USER. A mention of the app or a direct message can say ${text.slice(0, 100)}.`,
		)
	const actors = await actorsOf(context, actor, text)
	if (actors) return { actors }
	const object = /^(inc|req|sil)_/.exec(text)?.[1]
	if (object !== undefined) return { object: `${objectKinds[object]}:${text}` }
	try {
		const { model, rest: more } = await findModelInWords(context, actor, [
			...rest,
			...words.slice(rest.length),
		])
		if (more.length === words.length - rest.length) return { model: model.name }
	} catch (error) {
		if (!(error instanceof AppError)) throw error
		// A text with a digit can be the id of a prediction; without one it is a misspelt name.
		if (error instanceof UnclearName && (error.code === 'invalid' || !/\d/.test(text))) throw error
	}
	return { prediction: text }
}

const objectKinds: Record<string, string> = { inc: 'incident', req: 'request', sil: 'silence' }

/** The ledger's names of a person, of all their keys and Slack users; undefined if the text does not name one. */
async function actorsOf(context: Context, actor: Actor, text: string): Promise<string[] | undefined> {
	const user = /^<@([A-Z0-9]+)>$/.exec(text)?.[1]
	const team = /^slack:([^/]+)\//.exec(actor.id)?.[1]
	const name = user === undefined ? text : `slack:${team ?? ''}/${user}`
	const known = await actorsOfPerson(context, name)
	if (known.length > 0) return [...new Set([name, ...known])]
	return user !== undefined ||
		/^(key|slack|job):./.test(text) ||
		text === 'cli' ||
		/^\S+@\S+\.\S+$/.test(text)
		? [name]
		: undefined
}
