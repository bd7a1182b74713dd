import { limits } from '../limits.ts'

/** User text in Slack's markup: `&`, `<` and `>` would else mention people or channels, or link. */
export const escapeText = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** What a person typed, as they typed it: Slack escapes it on the way to us. */
export const unescapeText = (text: string): string =>
	text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

/** At most `most` characters, with an ellipsis where something is left out; no character and no `&amp;` is cut in two. */
export function clip(text: string, most: number): string {
	if (text.length <= most) return text
	return `${text
		.slice(0, most - 1)
		.replace(/[\ud800-\udbff]$/, '')
		.replace(/&[a-z]{0,3}$/, '')}…`
}

/** A name as markup: escaped, and at most `most` characters of it. */
export const named = (name: string, most = 100): string => escapeText(clip(name, most))

/** `2026-03-02 14:05 UTC` of an RFC 3339 time in UTC. */
export const shortTime = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`

export type Block = { type: string } & Record<string, unknown>

export type SlackMessage = { text: string; blocks: readonly Block[] }

export const section = (text: string): Block => ({
	type: 'section',
	text: { type: 'mrkdwn', text: clip(text, limits.sectionText) },
})
export const header = (text: string): Block => ({
	type: 'header',
	text: { type: 'plain_text', text: clip(text, limits.headerText), emoji: false },
})
export const context = (text: string): Block => ({
	type: 'context',
	elements: [{ type: 'mrkdwn', text: clip(text, limits.contextText) }],
})

/** A button whose value is an opaque id: what it does is looked up when it is pressed. */
export const button = (
	action: string,
	label: string,
	value: string,
	style?: 'primary' | 'danger',
): Record<string, unknown> => ({
	type: 'button',
	action_id: action,
	text: { type: 'plain_text', text: clip(label, limits.buttonText) },
	value,
	...(style ? { style } : {}),
})

/** A message that is nothing but markup. */
export const say = (text: string): SlackMessage => ({
	text: clip(text, limits.messageText),
	blocks: [section(text)],
})

/** As many lines as fit into one section, and how many did not. */
export function lines(all: readonly string[]): string {
	let text = ''
	for (const [i, line] of all.entries()) {
		if (text.length + line.length > limits.sectionText - 30) return `${text}… and ${all.length - i} more`
		text += `${line}\n`
	}
	return text.trimEnd()
}
