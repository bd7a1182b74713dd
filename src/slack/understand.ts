import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { models } from '../db/schema.ts'
import { inScope } from '../registry/key/authorise.ts'
import { clip, fits, named, context as noteBlock, type SlackMessage, textMessage } from './blocks/text.ts'
import { commandNamed, slackCommands } from './commands.ts'
import { takesBack } from './intents/actions.ts'
import { chooseIntent } from './intents/choose-intent.ts'
import type { Names } from './intents/entities.ts'
import type { Held, Meaning } from './intents/meaning.ts'
import { longestText, parseWords } from './intents/parse-words.ts'
import { splitReason as splitText } from './intents/tokens.ts'
import { isActing, phrases, plainWords } from './intents/vocabulary.ts'
import { limits } from './limits.ts'
import { splitReason, UnclearName } from './parse-arguments.ts'
import { findChoice, type Offer, offerChoices } from './questions/choice.ts'
import type { Reply, SlackCommand } from './reply.ts'

/** Answers what a person says: a command, or plain words that mean one. Nothing is done that they do not ask for. */
export async function answerText(context: Context, actor: Actor, text: string): Promise<Reply> {
	if (text.length > longestText)
		throw new AppError('invalid', `The text has ${text.length} characters; the limit is ${longestText}.`)
	const [name = 'help', ...written] = withoutAddress(text)
		.split(/\s+/)
		.filter((w) => w !== '')
	const command = commandNamed(name.toLowerCase())
	const words = command?.name === 'why' ? written : withoutQuotes(written)
	if (command && isTyped(command, words) && !(isActing(command.name) && /\n\s*\S/.test(text.trim())))
		return run(context, actor, command, words)
	const meaning = parseWords(text, await namesFor(context, actor))
	const misspelt = command ? undefined : misspeltCommand(name, words)
	if (misspelt) return offerCorrection(context, actor, name, misspelt, words)
	if ('words' in meaning && 'intent' in meaning && !('held' in meaning)) {
		// An id can be any word, so that only the log knows whether one is named.
		if (command?.name === 'why' && meaning.intent === 'status')
			return run(context, actor, command, words).catch((error: unknown) => {
				if (!(error instanceof AppError)) throw error
				return run(context, actor, commandNamed('status') as SlackCommand, meaning.words)
			})
		const meant = commandNamed(meaning.intent) as SlackCommand
		// A command with words that plain words do not explain says itself what is wrong with them.
		const isPlain = command !== meant || meaning.words.length > 0 || isActing(meant.name)
		return run(context, actor, meant, isPlain ? meaning.words : words)
	}
	if ('nearest' in meaning && command && !isActing(command.name)) return run(context, actor, command, words)
	if ('either' in meaning) return offerEither(context, actor, meaning)
	if ('held' in meaning) return { message: heldMessage(meaning) }
	return (
		(await chosenByModel(context, actor, text)) ?? { message: notUnderstood(text, meaning), isUnclear: true }
	)
}

/** What a person can name. */
async function namesFor(context: Context, actor: Actor): Promise<Names> {
	const all = await context.db.select({ name: models.name, sensitive: models.sensitive }).from(models)
	const seen = all.filter(({ name }) => inScope(actor, name))
	return {
		models: seen.map(({ name }) => name),
		attributes: [...new Set(seen.flatMap(({ sensitive }) => sensitive))],
		rules: context.rules.current().rules.map((rule) => rule.name),
	}
}

/** The reply to what the configured language model makes of a text. What it chooses is shown, and no action is taken on it. */
async function chosenByModel(context: Context, actor: Actor, text: string): Promise<Reply | undefined> {
	const chosen = await chooseIntent(context, text, slackCommands)
	const command = chosen && commandNamed(chosen.intent)
	if (!chosen || !command) return undefined
	if (isActing(chosen.intent)) {
		const asked = `Nothing was done. If you mean this, send it with your reason: \`${exactCommand(chosen.intent, withoutReason(chosen.words))}\``
		return { message: textMessage(asked) }
	}
	const { message, ...reply } = await run(context, actor, command, chosen.words)
	const note = `Read as \`${named(['/plumb', chosen.intent, ...chosen.words].join(' ').replaceAll('`', "'"), 300)}\``
	const noted = {
		text: clip(`${note}\n${message.text}`, limits.messageText),
		blocks: [noteBlock(note), ...message.blocks],
	}
	return { ...reply, message: fits(noted) ? noted : message }
}

/** Whether words ask for a change, or could do so. */
export function requestsChange(text: string): boolean {
	const [name = ''] = withoutAddress(text).split(/\s+/)
	const meaning = parseWords(text.slice(0, longestText), { models: [], rules: [] })
	const meant = 'intent' in meaning ? [meaning.intent] : 'either' in meaning ? meaning.either : []
	return [name.toLowerCase(), ...meant].some((intent) => isActing(intent))
}

/** Runs the command that a button carries. */
export async function runChoice(context: Context, actor: Actor, id: string): Promise<Reply> {
	const { command, words } = await findChoice(context, actor, id)
	const found = commandNamed(command)
	if (!found) throw new AppError('not-found', 'This button is from an older version. Run the command again.')
	return run(context, actor, found, words)
}

/** Runs a command. Where a name is unclear, the reply has a button for each name that could be meant. */
async function run(
	context: Context,
	actor: Actor,
	command: SlackCommand,
	words: readonly string[],
): Promise<Reply> {
	const { isPersonal = false } = command
	try {
		const reply = await command.answer(context, { actor, words })
		return { isPersonal, ...('message' in reply ? reply : { message: reply }) }
	} catch (error) {
		if (!(error instanceof UnclearName)) throw error
		const offers = error.choices.map((choice) => ({ ...choice, command: command.name }))
		return { isPersonal, message: await offerChoices(context, actor, named(error.message, 2000), offers) }
	}
}

/** Without mentions of the app and its name at the beginning. */
const withoutAddress = (text: string): string =>
	text.replace(/^(\s*(<@[A-Z0-9]+(\|[^>]*)?>|\/plumb\b)[:,]?)+/, '').trim()

// Words of sentences, which no command has before its reason.
const ofSentences = new Set(
	`a an the this that is are was were be been did do does has have had can could should would will shall may might must i me my we us our
	you your it its he she they them please pls what which who whom when where how why of about on any anything dont don't don’t not never
	no if unless and or but now yet again ever so still there here doing going thanks`.split(/\s+/),
)

/** Without quotes around the words before a reason, and without marks behind the last of them. */
function withoutQuotes(words: readonly string[]): string[] {
	const { head } = splitReason(words)
	const bare = head.map((word, i) => {
		const open = word.replace(/^["'`“”‘’]+(?=.)|(?<=.)["'`“”‘’]+$/g, '')
		return i === head.length - 1 ? open.replace(/(?<=.)[.,;:!]+$/, '') : open
	})
	return [...bare, ...words.slice(head.length)]
}

/** Whether the words after a command's name are arguments, not the rest of a sentence. */
function isTyped({ name }: SlackCommand, words: readonly string[]): boolean {
	const { head, reason } = isActing(name) ? splitReason(words) : { head: words, reason: '' }
	if (head.some((w) => ofSentences.has(w.toLowerCase()) || w.includes('?'))) return false
	// "Due to" and the like are plain words.
	if (isActing(name) && reason === '' && splitText(head.join(' ')).reason !== undefined) return false
	return !takesBack(reason)
}

const whyHeld: Record<Held, string> = {
	question: 'a question about it does nothing',
	negation: 'your words say not to',
	condition: 'it cannot be done later or on a condition',
	quoted: 'quoted words do nothing',
	sentences: 'there is more than one sentence, or the last words take it back',
	statement: 'your words do not clearly request it',
	several: 'more than one model is named',
	spelling: 'the verb is misspelt',
}

/** Says that nothing was done, and the exact command that would do it. */
function heldMessage({ held, intent, words }: Extract<Meaning, { held: Held }>): SlackMessage {
	return textMessage(
		`Nothing was done: ${whyHeld[held]}. To request it, send exactly this, with your reason: \`${exactCommand(intent, words)}\``,
	)
}

/** The reason is the person's own. */
function withoutReason(words: readonly string[]): readonly string[] {
	const at = words.indexOf('because')
	return at === -1 ? words : words.slice(0, at)
}

/** The whole command, with what is missing in angle brackets. */
function exactCommand(intent: string, words: readonly string[]): string {
	const before = withoutReason(words)
	const about = before.length === 0 || /^(to|in|for)$/.test(before[0] ?? '') ? ['<model>', ...before] : before
	const version = intent === 'promote' && !about.includes('to') ? ['to', '<version>'] : []
	const time = intent === 'silence' && !about.includes('for') ? ['for', '2h'] : []
	const because = before.length === words.length ? ['because', '<reason>'] : words.slice(before.length)
	const text = ['/plumb', intent, ...about, ...version, ...time, ...because].join(' ')
	return named(text.replaceAll('`', "'"), 600)
}

/** Two commands that could be meant: a button for each that reads, the exact text of each that acts. */
async function offerEither(
	context: Context,
	actor: Actor,
	{ either, words }: Extract<Meaning, { either: unknown }>,
): Promise<Reply> {
	const all = either.map((intent, i) => ({ intent, words: words[i] ?? [] }))
	const texts = all.map(({ intent, words }) =>
		isActing(intent)
			? `\`${exactCommand(intent, words)}\``
			: `\`${named(['/plumb', intent, ...words].join(' ').replaceAll('`', "'"), 600)}\``,
	)
	const text = `This could mean ${texts.join(' or ')}. Nothing was done.`
	const offers = all.flatMap(({ intent, words }): Offer[] =>
		isActing(intent) ? [] : [{ label: `${intent} ${words.join(' ')}`.trim(), command: intent, words }],
	)
	return {
		message: offers.length === 0 ? textMessage(text) : await offerChoices(context, actor, text, offers),
	}
}

/** The command that a first word is a misspelling of, if the rest are the arguments of a command. */
function misspeltCommand(name: string, words: readonly string[]): SlackCommand | undefined {
	const word = name.toLowerCase()
	if (plainWords.has(word) || phrases.has(word)) return undefined
	const near = commandNamed(
		nearest(
			word,
			slackCommands.map((c) => c.name),
		) ?? '',
	)
	return near && isTyped(near, words) ? near : undefined
}

/** Says which command is meant, with a button that runs it if it only reads. */
async function offerCorrection(
	context: Context,
	actor: Actor,
	name: string,
	{ name: command }: SlackCommand,
	words: readonly string[],
): Promise<Reply> {
	const whole = named(['/plumb', command, ...words].join(' ').replaceAll('`', "'"), 600)
	const text = `There is no command "${named(name)}". Did you mean \`${whole}\`? \`/plumb help\` lists the commands.`
	if (isActing(command)) return { message: textMessage(text) }
	const label = [command, ...words].join(' ')
	return { message: await offerChoices(context, actor, text, [{ label, command, words }]) }
}

function notUnderstood(
	text: string,
	{ nearest: intent }: Extract<Meaning, { nearest: unknown }>,
): SlackMessage {
	const command = commandNamed(intent ?? '')
	const shown = named(text.replaceAll('`', "'"), 100)
	const near = command
		? ` The nearest command is \`/plumb ${named(command.usage)}\`, such as \`/plumb ${named(command.example)}\`.`
		: ''
	return textMessage(
		`"${shown}" was not understood, and nothing was done.${near} \`/plumb help\` lists the commands.`,
	)
}
