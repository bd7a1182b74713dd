import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { entryTopics } from '../../src/evidence/audit/recent-entries.ts'
import { findCommand, slackCommands } from '../../src/slack/commands.ts'

const page = await readFile(new URL('../../docs/slack.md', import.meta.url), 'utf8')

it('docs/slack.md lists every command as it is, in the order of the help', () => {
	const listed = page.split('\n').filter((line) => /^\| `\w+[^|]*\\?.* \| .* \| `.*` \|$/.test(line))
	expect(listed).toEqual(
		slackCommands.map(
			({ usage, about, example }) => `| \`${usage.replaceAll('|', '\\|')}\` | ${about} | \`${example}\` |`,
		),
	)
})

it.each(slackCommands.map((c) => [c.example, c.name]))(
	'the example "%s" is of its command',
	(example, name) => {
		expect(findCommand(example).command.name).toBe(name)
	},
)

it('docs/slack.md names every topic of audit', () => {
	for (const topic of Object.keys(entryTopics)) expect(page).toContain(`\`${topic}\``)
})
