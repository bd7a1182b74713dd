import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { checkMessage, limits } from '../../src/slack/limits.ts'

// slackblocks' list of Block Kit's limits: somebody else's reading of the same reference. It is not part of the repository.
const path = new URL('../../../shared/data/block-kit/limits.json', import.meta.url)

it.runIf(existsSync(path) || process.env.CI)('the limits are those that others know', async () => {
	const oracle = JSON.parse(await readFile(path, 'utf8'))
	expect(limits).toMatchObject({
		sectionText: oracle.text.max_length,
		headerText: oracle.header.text.max_length,
		contextElements: oracle.context.elements.max_items,
		buttonText: oracle.button.text.max_length,
		buttonValue: oracle.button.value.max_length,
		actions: oracle.actions.elements.max_items,
		actionId: oracle.action_id.max_length,
	})
})

const mrkdwn = (text: string) => ({ type: 'mrkdwn', text })
const button = (more: object) => ({ type: 'button', action_id: 'a', text: mrkdwn('b'), value: 'v', ...more })
const actions = (...elements: object[]) => ({ type: 'actions', elements })

it.each([
	['a section without text', { type: 'section', text: mrkdwn('') }],
	['a section that is too long', { type: 'section', text: mrkdwn('x'.repeat(3001)) }],
	['a header without text', { type: 'header', text: mrkdwn('') }],
	['a header that is too long', { type: 'header', text: mrkdwn('x'.repeat(151)) }],
	['eleven context elements', { type: 'context', elements: Array.from({ length: 11 }, () => mrkdwn('x')) }],
	['twenty-six buttons', actions(...Array.from({ length: 26 }, () => button({})))],
	['a button text of 76', actions(button({ text: mrkdwn('x'.repeat(76)) }))],
	['a button value of 2,001', actions(button({ value: 'x'.repeat(2001) }))],
	['an action id of 256', actions(button({ action_id: 'x'.repeat(256) }))],
])('%s is a fault', (_, block) => {
	expect(checkMessage({ text: 'x', blocks: [block] })).toHaveLength(1)
})

it('a message has a text, and at most 50 blocks', () => {
	const section = { type: 'section', text: mrkdwn('x') }
	const blocks = (count: number) => Array.from({ length: count }, () => section)
	expect(checkMessage({ text: 'x', blocks: blocks(50) })).toEqual([])
	expect(checkMessage({ text: 'x', blocks: blocks(51) })).toHaveLength(1)
	expect(checkMessage({ text: '', blocks: blocks(1) })).toHaveLength(1)
})
