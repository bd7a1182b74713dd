import { section } from '../blocks/text.ts'
import type { SlackCommand } from '../reply.ts'

/** Built by the registry, which knows all commands. */
export const helpFor = (commands: readonly SlackCommand[]): SlackCommand => ({
	name: 'help',
	usage: 'help',
	about: 'what can be asked',
	answer: async () => {
		const lines = commands.map((c) => `\`/plumb ${c.usage}\`  ${c.about}`)
		return {
			text: `Plumbline answers: ${commands.map((c) => c.usage).join(', ')}`,
			blocks: [section(lines.join('\n'))],
		}
	},
})
