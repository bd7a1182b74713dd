import { limits } from '../limits.ts'

/** User text in Slack's markup: `&`, `<` and `>` would else mention people or channels, or link. */
export const escapeText = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** At most `most` characters, with an ellipsis where something is left out. */
export const clip = (text: string, most: number): string =>
	text.length <= most ? text : `${text.slice(0, most - 1)}…`

export type Block = { type: string } & Record<string, unknown>

export type SlackMessage = { text: string; blocks: readonly Block[] }

export const section = (text: string): Block => ({
	type: 'section',
	text: { type: 'mrkdwn', text: clip(text, limits.sectionText) },
})
export const header = (text: string): Block => ({
	type: 'header',
	text: { type: 'plain_text', text: clip(text, limits.headerText) },
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
	value: clip(value, limits.buttonValue),
	...(style ? { style } : {}),
})
