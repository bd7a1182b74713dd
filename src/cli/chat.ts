import { stdin } from 'node:process'
import { createInterface } from 'node:readline'
import type { ChatInput, ChatReply } from '../slack/chat.schema.ts'
import { callApi } from './api.ts'
import { type Button, type ChatBlock, type Field, plainOf, readReply } from './chat-text.ts'
import { type Command, type Terminal, textOption, UsageError } from './command.ts'

type Form = { id: string; value: string; submit: string; fields: Field[]; typed: Record<string, string> }

const requestId = /\breq_[0-9a-z]{26}\b/g
const maxReviews = 5
const reviewOf = (id: string) => ({ action: 'request_review', value: id })
const confirming = ['yes', 'y']
const leaving = ['quit', 'exit']

/** The state of one conversation: what the last reply lets people press or fill in. */
class Conversation {
	private readonly terminal: Terminal
	private readonly as: string | undefined
	private buttons: Button[] = []
	private form: Form | undefined

	constructor(terminal: Terminal, as: string | undefined) {
		this.terminal = terminal
		this.as = as
	}

	/** Checks the key, and says who it belongs to. */
	greet = (): Promise<void> => this.send({})

	async receive(line: string): Promise<void> {
		const text = line.trim()
		if (this.form) return this.fill(this.form, text)
		if (text === '') return
		const request = /^(?:\/plumb\s+)?review\s+(\S+)$/i.exec(text)?.[1]
		if (request !== undefined) return this.send({ press: reviewOf(request) })
		const button = /^\d{1,2}$/.test(text) ? this.buttons[Number(text) - 1] : undefined
		if (button) return this.send({ press: { action: button.action, value: button.value } })
		return this.send({ text })
	}

	/** Takes the text for the next field; once all have one, the form is shown again and sent only after a yes. */
	private async fill(form: Form, text: string): Promise<void> {
		const word = text.toLowerCase()
		if (word === 'cancel') return this.leave()
		const field = form.fields.find((f) => !(f.id in form.typed))
		if (!field) {
			if (!confirming.includes(word)) return this.leave()
			this.form = undefined
			return this.send({ submit: { form: form.id, value: form.value, fields: form.typed } }, form)
		}
		const value = valueOf(field, text)
		if (value === undefined) this.print(`Type ${choices(field) || 'something'}, or cancel.`)
		else form.typed[field.id] = value
		this.prompt(form)
	}

	private leave(): void {
		this.form = undefined
		this.print('Nothing was sent.')
	}

	private prompt(form: Form): void {
		const next = form.fields.find((f) => !(f.id in form.typed))
		if (next) {
			const notes = [choices(next), next.hint, next.isOptional ? 'empty: as it is' : ''].filter(
				(n) => n !== '',
			)
			this.print(`${next.label}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}:`)
			return
		}
		const filled = form.fields.map((f) => `  ${f.label}: ${shownValue(f, form.typed[f.id] ?? '')}`)
		this.print([...filled, `${form.submit}? Type yes; anything else cancels.`].join('\n'))
	}

	private async send(input: ChatInput, filled?: Form): Promise<void> {
		const json = { ...input, ...(this.as === undefined ? {} : { as: this.as }) }
		const reply = (await callApi(this.terminal, 'POST', '/v1/chat', { json })).body as ChatReply
		const { lines, buttons, fields } = readReply(reply.blocks as ChatBlock[])
		this.print((reply.form ? [plainOf(reply.text), ...lines] : lines).join('\n').trim())
		if (Object.keys(reply.errors).length > 0 && filled) return this.retry(filled, reply.errors)
		const { form } = reply
		this.buttons = form ? buttons : this.offerReviews(reply.text, buttons)
		if (!form || form.submit === null || fields.length === 0) return
		this.form = { id: form.id, value: form.value, submit: form.submit, fields, typed: {} }
		this.prompt(this.form)
	}

	/** The buttons of a reply, and one for each request that it names: here there is no channel with its message. */
	private offerReviews(text: string, buttons: readonly Button[]): Button[] {
		const ids = [...new Set(text.match(requestId) ?? [])].slice(0, maxReviews)
		const all = [...buttons, ...ids.map((id) => ({ label: `Review ${id}`, ...reviewOf(id) }))]
		this.print(
			all
				.slice(buttons.length)
				.map(({ label }, i) => `[${buttons.length + i + 1}] ${label}`)
				.join('   '),
		)
		return all
	}

	/** Asks again for the fields that were refused. */
	private retry(form: Form, errors: Readonly<Record<string, string>>): void {
		const refused = form.fields.filter((f) => f.block in errors || f.id in errors)
		for (const field of refused.length > 0 ? refused : form.fields) delete form.typed[field.id]
		this.form = form
		this.prompt(form)
	}

	private print(text: string): void {
		if (text !== '') this.terminal.out(`${text}\n`)
	}
}

const choices = ({ options }: Field): string => options?.map((o) => o.label).join(' or ') ?? ''

/** What a text stands for in a field; undefined if the field does not take it. */
function valueOf({ options, initial, isOptional }: Field, text: string): string | undefined {
	if (text === '') return isOptional || initial !== '' ? initial : undefined
	if (!options) return text
	const word = text.toLowerCase()
	return options.find(({ label, value }) => [label.toLowerCase(), value.toLowerCase()].includes(word))?.value
}

const shownValue = ({ options }: Field, value: string): string =>
	options?.find((option) => option.value === value)?.label ?? value

export const chat: Command = {
	help: `Usage: plumbline chat [--as PERSON]

Speaks the words of /plumb without Slack: a line in, a reply out, over HTTP with PLUMBLINE_URL and PLUMBLINE_KEY. Type help
for the commands, the number of a button to press it, and quit (or Ctrl-D) to leave.

The key decides who speaks. --as says who that should be, its owner such as ana@bank.example, and is refused if the key is
not theirs: nobody can request, or vote, for somebody else. With the key of an admin it shows what that person would see.
Review (the number, or review ID) shows the exact action and its digest, asks for the decision and the reason, and votes
only after a yes.

  --as PERSON   the owner of the key, or its actor (key:key_…)

Exit codes: 0 the end of the input, 2 failure.

Example: echo status | plumbline chat --as ana@bank.example
`,
	options: { as: { type: 'string' } },
	async run(terminal, args) {
		if (args.positionals.length > 0) throw new UsageError('Lines are read from standard input.')
		const conversation = new Conversation(terminal, textOption(args, 'as'))
		await conversation.greet()
		const isTyped = stdin.isTTY === true
		const drawPrompt = () => isTyped && terminal.draw('> ')
		const input = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY })
		drawPrompt()
		for await (const line of input) {
			if (leaving.includes(line.trim().toLowerCase())) break
			await conversation.receive(line)
			drawPrompt()
		}
		return 0
	},
}
