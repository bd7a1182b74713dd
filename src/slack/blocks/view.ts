import { limits } from '../limits.ts'
import { type Block, plain, type SlackMessage, section, type View } from './text.ts'

/** The longest reason that is stored. */
export const maxReason = 1000

type Parts = {
	/** The id of the modal in `interactions.ts`. */
	id: string
	/** An opaque id. */
	value: string
	title: string
	/** The label of the button that submits it. Without one it has no inputs. */
	submit?: string
	blocks: readonly Block[]
}

/** A modal. */
export const modalView = ({ id, value, title, submit, blocks }: Parts): View => ({
	type: 'modal',
	callback_id: id,
	private_metadata: value,
	title: plain(title, limits.modalTitle),
	close: plain(submit === undefined ? 'Close' : 'Cancel', limits.modalTitle),
	...(submit === undefined ? {} : { submit: plain(submit, limits.modalTitle) }),
	blocks: blocks.slice(0, limits.viewBlocks),
})

/** A modal that shows only text, in markup: that something is under way, how it ended, or why it was refused. */
export const textView = (text: string, title = 'Plumbline'): View =>
	modalView({ id: 'text', value: '', title, blocks: [section(text)] })

/** A modal that shows a message. */
export const messageView = ({ blocks }: SlackMessage, title = 'Plumbline'): View =>
	modalView({ id: 'text', value: '', title, blocks })

/** An input whose errors are shown below it. */
const input = (
	id: string,
	label: string,
	element: Record<string, unknown>,
	{ hint, isOptional = false }: { hint?: string; isOptional?: boolean } = {},
): Block => ({
	type: 'input',
	block_id: id,
	optional: isOptional,
	label: plain(label, limits.inputLabel),
	...(hint === undefined ? {} : { hint: plain(hint, limits.inputHint) }),
	element: { ...element, action_id: id },
})

type TextOptions = { initial?: string; max?: number; isLong?: boolean; hint?: string; isOptional?: boolean }

export const textInput = (
	id: string,
	label: string,
	{ initial = '', max = limits.inputText, isLong = false, ...more }: TextOptions = {},
): Block =>
	input(
		id,
		label,
		{
			type: 'plain_text_input',
			multiline: isLong,
			max_length: max,
			...(initial === '' ? {} : { initial_value: initial.slice(0, max) }),
		},
		more,
	)

type Choice = readonly [value: string, label: string]
const optionOf = ([value, label]: Choice) => ({ text: plain(label, limits.optionText), value })

export const radioInput = (id: string, label: string, choices: readonly Choice[]): Block =>
	input(id, label, { type: 'radio_buttons', options: choices.map(optionOf) })

export const checkboxInput = (id: string, label: string, choice: Choice, hint: string): Block =>
	input(id, label, { type: 'checkboxes', options: [optionOf(choice)] }, { hint, isOptional: true })

/** A menu with the first choice selected. */
export const selectInput = (id: string, label: string, choices: readonly Choice[]): Block => {
	const options = choices.slice(0, limits.options).map(optionOf)
	return input(id, label, { type: 'static_select', options, initial_option: options[0] })
}
