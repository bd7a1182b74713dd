// Replies of the conversation as lines for a terminal. Markup becomes plain text, and buttons get numbers.

type Text = { text?: string; type?: string }
type Element = {
	type: string
	text?: Text | string
	action_id?: string
	value?: string
	url?: string
	alt_text?: string
	options?: { text: Text; value: string }[]
	initial_option?: { text: Text; value: string }
	initial_value?: string
	placeholder?: Text
	elements?: Element[]
}
export type ChatBlock = {
	type: string
	text?: Text | string
	fields?: Text[]
	elements?: Element[]
	accessory?: Element
	label?: Text
	hint?: Text
	optional?: boolean
	block_id?: string
	element?: Element
	rows?: { text?: string; type?: string; elements?: Element[] }[][]
	title?: Text | string
	alt_text?: string
}

/** A button of a reply. */
export type Button = { label: string; action: string; value: string }
/** A field of a form. `options`: the only texts that it takes, by what people see. */
export type Field = {
	id: string
	block: string
	label: string
	hint: string
	initial: string
	isOptional: boolean
	options?: { label: string; value: string }[]
}

const signs: Record<string, string> = {
	red_circle: '●',
	large_orange_circle: '●',
	large_blue_circle: '●',
	large_green_circle: '●',
	white_circle: '○',
	white_check_mark: '✓',
	x: '✗',
	warning: '!',
	information_source: 'i',
	memo: '✎',
	no_bell: '⊘',
}

/** Slack's markup as plain text. */
export function plainOf(markup: string): string {
	const parts = markup.split('```')
	return parts
		.map((part, i) => (i % 2 === 1 ? indented(unescaped(part.replace(/^\n|\n$/g, ''))) : plainPart(part)))
		.join('')
}

const indented = (text: string): string =>
	text
		.split('\n')
		.map((line) => `    ${line}`)
		.join('\n')
const unescaped = (text: string): string =>
	text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')

const plainPart = (part: string): string =>
	unescaped(
		part
			.replace(/<([^<>|]+)\|([^<>]+)>/g, '$2 ($1)')
			.replace(/<((?:https?|mailto):[^<>|]+)>/g, '$1')
			.replace(/(^|[\s(])\*([^*\n]+)\*(?=$|[\s.,:;)!?])/gm, '$1$2')
			.replace(/(^|[\s(])_([^_\n]+)_(?=$|[\s.,:;)!?])/gm, '$1$2')
			.replace(/`([^`\n]+)`/g, '$1')
			.replace(/:([a-z_]+):/g, (whole, name: string) => signs[name] ?? whole),
	)

const textOf = (text: Text | string | undefined): string =>
	typeof text === 'string' ? text : (text?.text ?? '')

/** A text object: markup, or a text that is shown as it is. */
const shown = (text: Text | string | undefined): string =>
	typeof text !== 'string' && text?.type === 'plain_text' ? (text.text ?? '') : plainOf(textOf(text))

/** The lines of a reply, and what can be pressed and filled in. Buttons are numbered from 1. */
export function readReply(blocks: readonly ChatBlock[]): {
	lines: string[]
	buttons: Button[]
	fields: Field[]
} {
	const buttons: Button[] = []
	const fields: Field[] = []
	const lines: string[] = []
	// Each option of a menu is a button of its own.
	const press = ({ type, action_id: action, url, text, value = '', options }: Element): string[] => {
		if (action === undefined || url !== undefined) return []
		const all = options ?? (type === 'button' ? [{ text: text as Text, value }] : [])
		return all.map((each) => {
			buttons.push({ label: shown(each.text), action, value: each.value })
			return `[${buttons.length}] ${shown(each.text)}`
		})
	}
	for (const block of blocks) {
		if (block.type === 'input') {
			const field = fieldOf(block)
			if (field) fields.push(field)
			continue
		}
		lines.push(...linesOf(block))
		const pressed = [...(block.accessory ? [block.accessory] : []), ...(block.elements ?? [])].flatMap(press)
		if (pressed.length > 0) lines.push(pressed.join('   '))
	}
	return { lines, buttons, fields }
}

function linesOf(block: ChatBlock): string[] {
	switch (block.type) {
		case 'header':
			return ['', shown(block.text), '']
		case 'section':
			return [shown(block.text), ...(block.fields ?? []).map((field) => shown(field))].filter(
				(line) => line !== '',
			)
		case 'context':
			return [
				(block.elements ?? [])
					.map((e) => (e.alt_text ? '' : plainOf(textOf(e.text))))
					.filter(Boolean)
					.join('  '),
			]
		case 'divider':
			return ['─'.repeat(40)]
		case 'image':
			return [`(${block.alt_text ?? ''})`]
		case 'table':
			return (block.rows ?? []).map((row) => row.map(cellText).join('  '))
		case 'rich_text':
			return [(block.elements ?? []).map(deepText).join('')]
		case 'actions':
			return []
		default:
			return [shown(block.title), block.alt_text ?? ''].filter((line) => line !== '')
	}
}

const deepText = (element: Element): string =>
	textOf(element.text) + (element.elements ?? []).map(deepText).join('')
const cellText = (cell: { text?: string; elements?: Element[] }): string =>
	cell.text ?? (cell.elements ?? []).map(deepText).join('')

function fieldOf({ element, label, hint, optional, block_id }: ChatBlock): Field | undefined {
	if (element?.action_id === undefined) return undefined
	const { options, initial_option, initial_value, placeholder } = element
	return {
		id: element.action_id,
		block: block_id ?? '',
		label: textOf(label),
		hint: textOf(hint) || textOf(placeholder),
		initial: initial_option?.value ?? initial_value ?? '',
		isOptional: optional === true,
		...(options
			? { options: options.map((option) => ({ label: shown(option.text), value: option.value })) }
			: {}),
	}
}
