import { wordEnd } from '../../core/cut-text.ts'
import { limits } from '../limits.ts'

/** Escapes text for Slack's markup, where `&`, `<` and `>` could mention people or channels, or create links. */
export const escapeText = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** What a person typed: Slack sends it escaped. */
export const unescapeText = (text: string): string =>
	text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** At most `max` characters, with an ellipsis if it is cut; words, characters and `&amp;` are not cut in two. */
export function clip(text: string, max: number): string {
	if (text.length <= max) return text
	return `${text
		.slice(0, wordEnd(text, max - 1))
		.trimEnd()
		.replace(/[\ud800-\udbff]$/, '')
		.replace(/&[a-z]{0,3}$/, '')}…`
}

/** A name as markup: clipped and escaped. */
export const named = (name: string, max = 100): string => escapeText(clip(name, max))

/** `2026-03-02 14:05 UTC` of an RFC 3339 time in UTC. */
export const shortTime = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`

export type Block = { type: string } & Record<string, unknown>

/** What a modal shows. */
export type View = {
	type: 'modal'
	callback_id: string
	private_metadata: string
	blocks: readonly Block[]
} & Record<string, unknown>

export type SlackMessage = { text: string; blocks: readonly Block[] }

export const section = (text: string): Block => ({
	type: 'section',
	text: { type: 'mrkdwn', text: clip(text, limits.sectionText) },
})
/** Plain text is no markup, so it is not escaped; it still does not look like a mention to whoever copies it. */
export const clipPlain = (text: string, max: number): string => clip(text, max).replace(/<(?=[!@#])/g, '‹')
export const plain = (text: string, max: number) => ({
	type: 'plain_text',
	text: clipPlain(text, max),
	emoji: false,
})
export const header = (text: string): Block => ({
	type: 'header',
	text: plain(text, limits.headerText),
})
export const context = (text: string): Block => ({
	type: 'context',
	elements: [{ type: 'mrkdwn', text: clip(text, limits.contextText) }],
})

/** A button whose value is an opaque id that is looked up when it is pressed. */
export const button = (
	action: string,
	label: string,
	value: string,
	style?: 'primary' | 'danger',
): Record<string, unknown> => ({
	type: 'button',
	action_id: action,
	text: { type: 'plain_text', text: clipPlain(label, limits.buttonText) },
	value,
	...(style ? { style } : {}),
})

/** Whether a message is no longer than Slack takes. */
export const fits = ({ text, blocks }: SlackMessage): boolean =>
	text.length <= limits.messageText &&
	blocks.length <= limits.blocks &&
	JSON.stringify(blocks).length <= limits.messageTotal

/** A message of one section of markup. */
export const textMessage = (text: string): SlackMessage => ({
	text: clip(text, limits.messageText),
	blocks: [section(text)],
})

/** As many lines as fit into one section, and how many are left out. */
export function lines(all: readonly string[]): string {
	let text = ''
	for (const [i, line] of all.entries()) {
		if (text.length + line.length > limits.sectionText - 30) return `${text}… and ${all.length - i} more`
		text += `${line}\n`
	}
	return text.trimEnd()
}

/** Lines as preformatted text; the last ones are left out if they do not fit. */
export function code(all: readonly string[]): Block {
	const fence = '```'
	const safe = all.map((line) => escapeText(line.replaceAll('`', "'")))
	let room = limits.sectionText - 2 * fence.length - 2
	const fitting = safe.findIndex((line) => {
		room -= line.length + 1
		return room < 0
	})
	const kept = fitting === -1 ? safe : safe.slice(0, fitting)
	return section(`${fence}\n${kept.join('\n')}\n${fence}`)
}

const noteRoom = 400

/** As many parts as fit into one message. `rest` says how many are left out, and how to see them. */
export function fitParts(
	first: readonly Block[],
	parts: readonly (readonly Block[])[],
	last: readonly Block[],
	rest: (count: number) => string,
): Block[] {
	const sizeOf = (blocks: readonly Block[]) => JSON.stringify(blocks).length
	const blocks = [...first]
	let room = limits.messageTotal - noteRoom - sizeOf(first) - sizeOf(last)
	for (const [i, part] of parts.entries()) {
		room -= sizeOf(part)
		if (room < 0 || blocks.length + part.length + last.length + 1 > limits.blocks)
			return [...blocks, context(clip(rest(parts.length - i), noteRoom / 2)), ...last]
		blocks.push(...part)
	}
	return [...blocks, ...last]
}
