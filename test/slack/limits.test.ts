import { expect, it } from 'vitest'
import { limits } from '../../src/slack/limits.ts'
import { checkMessage, checkView } from '../support/block-kit.ts'
import { invalidCases, valid } from '../support/invalid-blocks.ts'
import type { Json } from '../support/server.ts'

it.each(Object.keys(invalidCases))('%s is a fault', (id) => {
	expect(invalidCases[id]?.().length).toBeGreaterThan(0)
})

it('a message has a text, and at most 50 blocks, 2 charts and 13,200 characters in all', () => {
	const message = (blocks: Json[], text = 'x') => checkMessage({ text, blocks })
	const many = (block: Json, count: number) => Array.from({ length: count }, () => block)
	expect(message(many(valid.section(), 50))).toEqual([])
	expect(message(many(valid.section(), 51))).toHaveLength(1)
	expect(message([valid.section()], '')).toHaveLength(1)
	expect(message([valid.section()], 'x'.repeat(limits.messageText + 1))).toHaveLength(1)
	expect(message(many(valid.chart(), 2))).toEqual([])
	expect(message(many(valid.chart(), 3))).toHaveLength(1)
	expect(message(many(valid.section('x'.repeat(2900)), 4))).toEqual([])
	expect(message(many(valid.section('x'.repeat(2900)), 5))).toHaveLength(1)
	expect(message([])).toHaveLength(1)
})

it.each(['<!channel>', '<@U1>', '<#C1|general>', '<!subteam^S1>'])('%s in markup is a fault', (text) => {
	expect(checkMessage({ text: 'x', blocks: [valid.section(text)] })).toHaveLength(1)
	expect(checkMessage({ text, blocks: [valid.section()] })).toHaveLength(1)
})

it('an input needs a modal, and there a submit button', () => {
	expect(checkMessage({ text: 'x', blocks: [valid.input()] })).toHaveLength(1)
	expect(checkView(valid.modal({ blocks: [valid.input()], submit: valid.plain('Submit') }))).toEqual([])
	expect(checkView(valid.modal({ blocks: [valid.input()] }))).toHaveLength(1)
})

it.each(['video', 'table', 'card', 'carousel', 'markdown', 'rich_text'])(
	'a block of type %s is a fault',
	(type) => {
		expect(checkMessage({ text: 'x', blocks: [{ type }] })).not.toEqual([])
	},
)

it('two blocks with the same block_id are a fault', () => {
	const divider = { type: 'divider', block_id: 'b' }
	expect(checkMessage({ text: 'x', blocks: [divider] })).toEqual([])
	expect(checkMessage({ text: 'x', blocks: [divider, divider] })).toHaveLength(1)
})
