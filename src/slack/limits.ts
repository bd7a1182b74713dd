/** Limits of the Block Kit reference. A test checks them against every message that we build. */
export const limits = {
	blocks: 50,
	sectionText: 3000,
	headerText: 150,
	contextText: 2000,
	contextElements: 10,
	buttonText: 75,
	buttonValue: 2000,
	actions: 25,
	actionId: 255,
	altText: 2000,
	imageTitle: 2000,
	inputLabel: 2000,
	inputHint: 2000,
	inputText: 3000,
	options: 100,
	optionText: 75,
	optionValue: 150,
	/** Of a modal and of the Home tab. */
	viewBlocks: 100,
	modalTitle: 24,
	modalMetadata: 3000,
	messageText: 4000,
	messageTotal: 13_200,
} as const

type Json = Record<string, unknown>
const lengthOf = (text: unknown): number => (typeof text === 'string' ? text.length : 0)
const textOf = (holder: unknown): string => String((holder as { text?: unknown } | undefined)?.text ?? '')

function checkBlock(block: Json): string[] {
	const faults: string[] = []
	const limitTo = (what: string, value: number, max: number) => {
		if (value > max) faults.push(`${String(block.type)} ${what} is ${value}, at most ${max}`)
	}
	const elements = (block.elements ?? []) as Json[]
	if (block.type === 'section') limitTo('text', lengthOf(textOf(block.text)), limits.sectionText)
	if (block.type === 'header') limitTo('text', lengthOf(textOf(block.text)), limits.headerText)
	if ((block.type === 'section' || block.type === 'header') && textOf(block.text) === '')
		faults.push(`${block.type} has no text`)
	if (block.type === 'context') {
		limitTo('elements', elements.length, limits.contextElements)
		for (const e of elements) limitTo('text', lengthOf(e.text), limits.contextText)
	}
	if (block.type === 'actions') {
		limitTo('elements', elements.length, limits.actions)
		for (const e of elements) {
			limitTo('button text', lengthOf(textOf(e.text)), limits.buttonText)
			limitTo('button value', lengthOf(e.value), limits.buttonValue)
			limitTo('action_id', lengthOf(e.action_id), limits.actionId)
		}
	}
	if (block.type === 'image') {
		limitTo('alt_text', lengthOf(block.alt_text), limits.altText)
		limitTo('title', lengthOf(textOf(block.title)), limits.imageTitle)
		if (!block.alt_text) faults.push('image has no alt_text')
	}
	if (block.type === 'input') checkInput(block, limitTo)
	return faults
}

function checkInput(block: Json, limitTo: (what: string, value: number, max: number) => void): void {
	const element = (block.element ?? {}) as Json
	const options = (element.options ?? []) as Json[]
	limitTo('label', lengthOf(textOf(block.label)), limits.inputLabel)
	limitTo('action_id', lengthOf(element.action_id), limits.actionId)
	limitTo('initial_value', lengthOf(element.initial_value), limits.inputText)
	limitTo('options', options.length, limits.options)
	for (const option of options) {
		limitTo('option text', lengthOf(textOf(option.text)), limits.optionText)
		limitTo('option value', lengthOf(option.value), limits.optionValue)
	}
}

type Modal = {
	blocks: readonly Json[]
	private_metadata: string
	title?: unknown
	submit?: unknown
	close?: unknown
}

/** What Slack would refuse in a modal; empty if it is valid. */
export function checkView(view: Modal): string[] {
	const faults = view.blocks.flatMap(checkBlock)
	const limitTo = (what: string, value: number, max: number) => {
		if (value > max) faults.push(`the ${what} of the modal is ${value}, at most ${max}`)
	}
	limitTo('title', lengthOf(textOf(view.title)), limits.modalTitle)
	for (const name of ['submit', 'close'] as const)
		limitTo(name, lengthOf(textOf(view[name])), limits.modalTitle)
	limitTo('private_metadata', view.private_metadata.length, limits.modalMetadata)
	limitTo('number of blocks', view.blocks.length, limits.viewBlocks)
	if (view.blocks.some((b) => b.type === 'input') && view.submit === undefined)
		faults.push('a modal with inputs needs a submit button')
	const ids = view.blocks.map((b) => b.block_id).filter((id) => id !== undefined)
	if (new Set(ids).size < ids.length) faults.push('two blocks have the same block_id')
	return faults
}

/** What Slack would refuse in a message; empty if it is valid. */
export function checkMessage(message: { text: string; blocks: readonly Json[] }): string[] {
	const faults = message.blocks.flatMap(checkBlock)
	if (message.text === '') faults.push('the message has no text for notifications')
	if (message.text.length > limits.messageText)
		faults.push(`text is ${message.text.length}, at most ${limits.messageText}`)
	if (message.blocks.length > limits.blocks)
		faults.push(`${message.blocks.length} blocks, at most ${limits.blocks}`)
	const total = JSON.stringify(message.blocks).length
	if (total > limits.messageTotal) faults.push(`${total} characters in all, at most ${limits.messageTotal}`)
	return faults
}
