import { z } from 'zod'
import { limits } from '../../src/slack/limits.ts'

// What Slack accepts of Block Kit, as far as we use it: every block and element by its members and limits. An unknown block,
// element or member is a fault.

const texts = (max: number) => z.string().min(1).max(max)
const plain = (max: number) =>
	z.strictObject({ type: z.literal('plain_text'), text: texts(max), emoji: z.boolean().optional() })
const mrkdwn = (max: number) =>
	z.strictObject({
		type: z.literal('mrkdwn'),
		text: texts(max).refine((text) => !mentions(text), 'mentions somebody'),
		verbatim: z.boolean().optional(),
	})
const either = (max: number) => z.discriminatedUnion('type', [plain(max), mrkdwn(max)])

/** Whether markup mentions people, groups or channels. Links are allowed. */
export const mentions = (text: string): boolean => /<[!@#]/.test(text)

const blockId = { block_id: texts(limits.blockId).optional() }
const actionId = { action_id: texts(limits.actionId) }
const confirm = z
	.strictObject({
		title: plain(limits.confirmTitle),
		text: either(limits.confirmText),
		confirm: plain(limits.confirmButton),
		deny: plain(limits.confirmButton),
		style: z.enum(['primary', 'danger']).optional(),
	})
	.optional()

const button = z.strictObject({
	type: z.literal('button'),
	...actionId,
	text: plain(limits.buttonText),
	value: z.string().max(limits.buttonValue).optional(),
	url: texts(limits.buttonUrl).optional(),
	style: z.enum(['primary', 'danger']).optional(),
	confirm,
	accessibility_label: z.string().max(limits.buttonText).optional(),
})
const option = z.strictObject({
	text: either(limits.optionText),
	value: texts(limits.optionValue),
	description: either(limits.optionDescription).optional(),
})
const differ = (options: { value: string }[]) => new Set(options.map((o) => o.value)).size === options.length
const optionsUpTo = (max: number) =>
	z.array(option).min(1).max(max).refine(differ, 'two options have the same value')
const select = z
	.strictObject({
		type: z.literal('static_select'),
		...actionId,
		options: optionsUpTo(limits.options),
		initial_option: option.optional(),
		placeholder: plain(limits.placeholder).optional(),
		confirm,
	})
	.refine(
		({ options, initial_option: initial }) => !initial || options.some((o) => o.value === initial.value),
		'the initial option is not an option',
	)
const radio = z.strictObject({
	type: z.literal('radio_buttons'),
	...actionId,
	options: optionsUpTo(limits.fewOptions),
	initial_option: option.optional(),
})
const checkboxes = z.strictObject({
	type: z.literal('checkboxes'),
	...actionId,
	options: optionsUpTo(limits.fewOptions),
})
const textInput = z
	.strictObject({
		type: z.literal('plain_text_input'),
		...actionId,
		multiline: z.boolean().optional(),
		max_length: z.int().min(1).max(limits.inputText).optional(),
		initial_value: texts(limits.inputText).optional(),
		placeholder: plain(limits.placeholder).optional(),
	})
	.refine(
		({ initial_value: value = '', max_length: max = limits.inputText }) => value.length <= max,
		'the initial value is longer than the field takes',
	)

const imageMembers = {
	type: z.literal('image'),
	alt_text: texts(limits.altText),
	image_url: texts(limits.imageUrl).optional(),
	slack_file: z.strictObject({ id: texts(100) }).optional(),
}
const hasOneSource = ({ image_url: url, slack_file: file }: { image_url?: unknown; slack_file?: unknown }) =>
	(url === undefined) !== (file === undefined)
const image = z.strictObject(imageMembers).refine(hasOneSource, 'an image has a URL or a file')

const labels = texts(limits.chartLabel)
const chart = z
	.strictObject({
		type: z.enum(['line', 'bar', 'area']),
		series: z
			.array(
				z.strictObject({
					name: labels,
					data: z
						.array(z.strictObject({ label: labels, value: z.number() }))
						.min(1)
						.max(limits.chartPoints),
				}),
			)
			.min(1)
			.max(limits.chartSeries),
		axis_config: z.strictObject({ categories: z.array(labels).min(1).max(limits.chartPoints) }),
	})
	.refine(
		({ series, axis_config: { categories } }) =>
			new Set(categories).size === categories.length &&
			series.every(({ data }) => data.every((d, i) => d.label === categories[i])),
		'the labels are not the categories, each once',
	)

const Block = z.discriminatedUnion('type', [
	z
		.strictObject({
			type: z.literal('section'),
			...blockId,
			text: either(limits.sectionText).optional(),
			fields: z.array(either(limits.fieldText)).min(1).max(limits.fields).optional(),
			accessory: z.discriminatedUnion('type', [button, select, image]).optional(),
		})
		.refine(({ text, fields }) => text ?? fields, 'the section has neither text nor fields'),
	z.strictObject({ type: z.literal('header'), ...blockId, text: plain(limits.headerText) }),
	z.strictObject({ type: z.literal('divider'), ...blockId }),
	z.strictObject({
		type: z.literal('context'),
		...blockId,
		elements: z
			.array(z.discriminatedUnion('type', [plain(limits.contextText), mrkdwn(limits.contextText), image]))
			.min(1)
			.max(limits.contextElements),
	}),
	z.strictObject({
		type: z.literal('actions'),
		...blockId,
		elements: z
			.array(z.discriminatedUnion('type', [button, select]))
			.min(1)
			.max(limits.actions),
	}),
	z
		.strictObject({ ...imageMembers, ...blockId, title: plain(limits.imageTitle).optional() })
		.refine(hasOneSource, 'an image has a URL or a file'),
	z.strictObject({
		type: z.literal('input'),
		...blockId,
		label: plain(limits.inputLabel),
		hint: plain(limits.inputHint).optional(),
		optional: z.boolean().optional(),
		element: z.discriminatedUnion('type', [textInput, select, radio, checkboxes]),
	}),
	z.strictObject({
		type: z.literal('data_visualization'),
		...blockId,
		title: texts(limits.chartTitle),
		chart,
	}),
])

const ids = (list: readonly unknown[]) => list.filter((id) => id !== undefined)
const areDistinct = (list: readonly { block_id?: string | undefined }[]) =>
	new Set(ids(list.map((b) => b.block_id))).size === ids(list.map((b) => b.block_id)).length
const listOf = (max: number) =>
	z.array(Block).min(1).max(max).refine(areDistinct, 'two blocks have the same block_id')
const isNoInput = ({ type }: { type: string }) => type !== 'input'

const Message = z.strictObject({
	response_type: z.literal('ephemeral').optional(),
	replace_original: z.literal(false).optional(),
	thread_ts: z.string().optional(),
	text: texts(limits.messageText).refine((text) => !mentions(text), 'mentions somebody'),
	blocks: listOf(limits.blocks)
		.refine((list) => list.every(isNoInput), 'a message has no inputs')
		.refine(
			(list) => list.filter((b) => b.type === 'data_visualization').length <= limits.charts,
			'too many charts',
		)
		.refine((list) => JSON.stringify(list).length <= limits.messageTotal, 'the message is too long in all'),
})

const Modal = z
	.strictObject({
		type: z.literal('modal'),
		id: z.string().optional(),
		callback_id: texts(limits.callbackId),
		private_metadata: z.string().max(limits.modalMetadata),
		title: plain(limits.modalTitle),
		close: plain(limits.modalTitle).optional(),
		submit: plain(limits.modalTitle).optional(),
		blocks: listOf(limits.viewBlocks),
	})
	.refine(
		({ submit, blocks }) => submit !== undefined || blocks.every(isNoInput),
		'a modal with inputs needs a submit button',
	)

const Home = z.strictObject({
	type: z.literal('home'),
	id: z.string().optional(),
	blocks: listOf(limits.viewBlocks),
})

function faultsOf(schema: z.ZodType, value: unknown): string[] {
	const result = schema.safeParse(value)
	return result.success ? [] : result.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
}

/** What Slack would refuse in a message; empty if it is valid. */
export const checkMessage = (message: { text: string; blocks: readonly unknown[] }): string[] =>
	faultsOf(Message, message)

/** What Slack would refuse in a modal or a Home tab; empty if it is valid. */
export const checkView = (view: { type?: string }): string[] =>
	faultsOf(view.type === 'home' ? Home : Modal, view)
