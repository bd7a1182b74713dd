import { expect, it } from 'vitest'
import { checkMessage, checkView } from '../../src/slack/limits.ts'

const mrkdwn = (text: string) => ({ type: 'mrkdwn', text })
const button = (more: object) => ({ type: 'button', action_id: 'a', text: mrkdwn('b'), value: 'v', ...more })
const option = (value: string) => ({ text: mrkdwn(value), value })
const input = (element: object, label = 'l') => ({ type: 'input', label: mrkdwn(label), element })
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
	['an image without alt text', { type: 'image', slack_file: { id: 'F1' } }],
	['an alt text of 2,001', { type: 'image', alt_text: 'x'.repeat(2001) }],
	['an input label of 2,001', input({}, 'x'.repeat(2001))],
	['an initial value of 3,001', input({ initial_value: 'x'.repeat(3001) })],
	['a list of 101', input({ options: Array.from({ length: 101 }, () => option('a')) })],
	['an option of 76', input({ options: [{ ...option('a'), text: mrkdwn('x'.repeat(76)) }] })],
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

it.each([
	['a title of 25', { title: mrkdwn('x'.repeat(25)) }],
	['a submit button of 25', { submit: mrkdwn('x'.repeat(25)) }],
	['3,001 characters of metadata', { private_metadata: 'x'.repeat(3001) }],
	['101 blocks', { blocks: Array.from({ length: 101 }, () => ({ type: 'section', text: mrkdwn('x') })) }],
	['an input without a submit button', { blocks: [input({})], submit: undefined }],
	['a block id that stands twice', { blocks: [1, 2].map(() => ({ type: 'divider', block_id: 'b' })) }],
])('%s is a fault of a modal', (_, parts) => {
	const view = { blocks: [input({})], private_metadata: '', title: mrkdwn('t'), submit: mrkdwn('s') }
	expect(checkView(view)).toEqual([])
	expect(checkView({ ...view, ...parts })).toHaveLength(1)
})
