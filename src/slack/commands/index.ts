import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import type { SlackCommand } from '../reply.ts'
import { bias } from './bias.ts'
import { helpFor } from './help.ts'
import { incident } from './incident.ts'
import { incidents } from './incidents.ts'
import { performance } from './performance.ts'
import { status } from './status.ts'
import { why } from './why.ts'

const answering = [why, status, performance, bias, incidents, incident] satisfies SlackCommand[]
const help = helpFor(answering)

/** What `/plumb` understands. */
export const slackCommands: readonly SlackCommand[] = [help, ...answering]

/** The command that the words begin with, and the rest of them. Throws `invalid` with the nearest one. */
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
		`I do not know "${name.slice(0, 100)}".${near ? ` Did you mean \`/plumb ${near}\`?` : ''} \`/plumb help\` lists what I answer.`,
	)
}
