import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import { escapeText, lines, type SlackMessage, section } from './blocks/text.ts'
import { incident, incidents, silence } from './commands/incidents.ts'
import { bias, drift, performance } from './commands/metrics.ts'
import { lineage, models, status } from './commands/models.ts'
import { audit } from './commands/records.ts'
import { report } from './commands/report.ts'
import { approve, promote, reject, requests, retrain, rollback } from './commands/requests.ts'
import { why } from './commands/why.ts'
import type { SlackCommand } from './reply.ts'

const help: SlackCommand = {
	name: 'help',
	usage: 'help',
	about: 'the list of commands',
	example: 'help',
	answer: async () => helpMessage(),
}

/** Usage and meaning of each command. */
function helpMessage(): SlackMessage {
	const all = slackCommands.map(({ usage, about }) => `\`/plumb ${escapeText(usage)}\`  ${escapeText(about)}`)
	return {
		text: `Commands: ${slackCommands.map((c) => escapeText(c.usage)).join(', ')}`,
		blocks: [
			section(lines(all)),
			section(
				'Plain words reach the same commands: "why was application 8841 declined?", "is the credit model fair to women?", "anything on fire?".',
			),
		],
	}
}

/** The commands of `/plumb`, in the order of the help. A new one is an object in `commands/` and an entry here. */
export const slackCommands: readonly SlackCommand[] = [
	help,
	why,
	status,
	models,
	performance,
	drift,
	bias,
	lineage,
	incidents,
	incident,
	silence,
	requests,
	rollback,
	promote,
	retrain,
	approve,
	reject,
	audit,
	report,
]

/** The command of a name; undefined if there is none. */
export const commandNamed = (name: string): SlackCommand | undefined =>
	slackCommands.find((c) => c.name === name)

/** The command at the start of a text, and the words after it. Throws `invalid` with the nearest command. */
export function findCommand(text: string): { command: SlackCommand; words: string[] } {
	const [name = 'help', ...words] = text
		.trim()
		.split(/\s+/)
		.filter((w) => w !== '')
	const command = commandNamed(name.toLowerCase())
	if (command) return { command, words }
	const near = nearest(
		name,
		slackCommands.map((c) => c.name),
	)
	throw new AppError(
		'invalid',
		`There is no command "${name.slice(0, 100)}".${near ? ` Did you mean \`/plumb ${near}\`?` : ''} \`/plumb help\` lists the commands.`,
	)
}
