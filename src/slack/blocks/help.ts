import { escapeText, lines, type SlackMessage, section } from './text.ts'

/** What can be asked: usage and meaning of each command. */
export function helpMessage(commands: readonly { usage: string; about: string }[]): SlackMessage {
	const all = commands.map(({ usage, about }) => `\`/plumb ${escapeText(usage)}\`  ${escapeText(about)}`)
	return {
		text: `Plumbline answers: ${commands.map((c) => escapeText(c.usage)).join(', ')}`,
		blocks: [section(lines(all))],
	}
}
