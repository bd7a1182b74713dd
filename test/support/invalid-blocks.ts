import { limits } from '../../src/slack/limits.ts'
import { checkMessage, checkView } from './block-kit.ts'
import type { Json } from './server.ts'

const plain = (text: string) => ({ type: 'plain_text', text })
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text })
const button = (more: object = {}) => ({
	type: 'button',
	action_id: 'a',
	text: plain('b'),
	value: 'v',
	...more,
})
const option = (i: number, more: object = {}) => ({ text: plain(`o${i}`), value: `v${i}`, ...more })
const options = (count: number) => Array.from({ length: count }, (_, i) => option(i))
const select = (more: object = {}) => ({
	type: 'static_select',
	action_id: 'a',
	options: options(2),
	...more,
})
const radio = (more: object = {}) => ({ type: 'radio_buttons', action_id: 'a', options: options(2), ...more })
const boxes = (more: object = {}) => ({ type: 'checkboxes', action_id: 'a', options: options(2), ...more })
const field = (more: object = {}) => ({ type: 'plain_text_input', action_id: 'a', ...more })
const input = (element: object = field(), more: object = {}) => ({
	type: 'input',
	label: plain('l'),
	element,
	...more,
})
const actions = (...elements: object[]) => ({ type: 'actions', elements })
const section = (text = 'x', more: object = {}) => ({ type: 'section', text: mrkdwn(text), ...more })
const contextOf = (...elements: object[]) => ({ type: 'context', elements })
const image = (more: object = {}) => ({ type: 'image', slack_file: { id: 'F1' }, alt_text: 'a', ...more })
const confirm = (more: object) =>
	button({ confirm: { title: plain('t'), text: plain('t'), confirm: plain('y'), deny: plain('n'), ...more } })
const points = (count: number, label = 'p') =>
	Array.from({ length: count }, (_, i) => ({ label: `${label}${i}`, value: i }))
const chart = (more: { title?: string; data?: Json[]; names?: string[]; categories?: string[] } = {}) => {
	const { title = 't', data = points(2), names = ['s'], categories = data.map((d) => d.label) } = more
	const series = names.map((name) => ({ name, data }))
	return { type: 'data_visualization', title, chart: { type: 'line', series, axis_config: { categories } } }
}
const modal = (more: object = {}) => ({
	type: 'modal',
	callback_id: 'c',
	private_metadata: 'm',
	title: plain('t'),
	blocks: [section()],
	...more,
})

/** Parts that Slack accepts. */
export const valid = { section, input, plain, modal, chart }

const x = (max: number) => 'x'.repeat(max + 1)
const many = <T>(max: number, one: T): T[] => Array.from({ length: max + 1 }, () => one)
const inMessage = (block: object) => () => checkMessage({ text: 'x', blocks: [block] })
const inModal = (more: object) => () => checkView(modal(more))
const inForm = (element: object, more: object = {}) =>
	inModal({ blocks: [input(element, more)], submit: plain('s') })

/** What Slack refuses, by the name of the case in `block-kit/invalid-manifest.json`; each gives the faults that are found. */
export const invalidCases: Record<string, () => string[]> = {
	'text-empty': inMessage(section('')),
	'text-too-long': inMessage(section(x(limits.text))),
	'button-action-id-too-long': inMessage(actions(button({ action_id: x(limits.actionId) }))),
	'button-text-too-long': inMessage(actions(button({ text: plain(x(limits.buttonText)) }))),
	'button-url-too-long': inMessage(actions(button({ url: x(limits.buttonUrl) }))),
	'button-value-too-long': inMessage(actions(button({ value: x(limits.buttonValue) }))),
	'button-accessibility-label-too-long': inMessage(
		actions(button({ accessibility_label: x(limits.buttonText) })),
	),
	'confirmation-title-too-long': inMessage(actions(confirm({ title: plain(x(limits.confirmTitle)) }))),
	'confirmation-text-too-long': inMessage(actions(confirm({ text: plain(x(limits.confirmText)) }))),
	'confirmation-confirm-too-long': inMessage(actions(confirm({ confirm: plain(x(limits.confirmButton)) }))),
	'confirmation-deny-too-long': inMessage(actions(confirm({ deny: plain(x(limits.confirmButton)) }))),
	'option-text-too-long': inForm(select({ options: [option(0, { text: plain(x(limits.optionText)) })] })),
	'option-value-too-long': inForm(select({ options: [option(0, { value: x(limits.optionValue) })] })),
	'option-url-too-long': inForm(select({ options: [option(0, { url: '😀'.repeat(3001) })] })),
	'option-description-too-long': inForm(
		select({ options: [option(0, { description: plain(x(limits.optionDescription)) })] }),
	),
	'select-placeholder-too-long': inForm(select({ placeholder: plain(x(limits.placeholder)) })),
	'select-too-many-options': inForm(select({ options: options(limits.options + 1) })),
	'static-select-options-and-groups': inForm(
		select({ option_groups: [{ label: plain('l'), options: options(1) }] }),
	),
	'checkboxes-empty': inForm(boxes({ options: [] })),
	'checkboxes-too-many-options': inForm(boxes({ options: options(limits.fewOptions + 1) })),
	'radio-buttons-empty': inForm(radio({ options: [] })),
	'radio-buttons-too-many-options': inForm(radio({ options: options(limits.fewOptions + 1) })),
	'plain-text-input-max-length-too-large': inForm(field({ max_length: limits.inputText + 1 })),
	'actions-too-many-elements': inMessage(actions(...many(limits.actions, button()))),
	'context-too-many-elements': inMessage(contextOf(...many(limits.contextElements, mrkdwn('x')))),
	'context-invalid-element': inMessage(contextOf(button())),
	'header-text-too-long': inMessage({ type: 'header', text: plain(x(limits.headerText)) }),
	'image-url-too-long': inMessage(image({ slack_file: undefined, image_url: x(limits.imageUrl) })),
	'image-alt-text-too-long': inMessage(image({ alt_text: x(limits.altText) })),
	'image-url-and-slack-file': inMessage(image({ image_url: 'https://example.com/a.png' })),
	'input-label-too-long': inForm(field(), { label: plain(x(limits.inputLabel)) }),
	'input-hint-too-long': inForm(field(), { hint: plain(x(limits.inputHint)) }),
	'input-invalid-element': inForm(button()),
	'section-text-too-long': inMessage(section(x(limits.sectionText))),
	'section-too-many-fields': inMessage(section('x', { fields: many(limits.fields, mrkdwn('x')) })),
	'section-field-too-long': inMessage(section('x', { fields: [mrkdwn(x(limits.fieldText))] })),
	'section-missing-content': inMessage({ type: 'section' }),
	'block-id-too-long': inMessage(section('x', { block_id: x(limits.blockId) })),
	'view-missing-blocks': inModal({ blocks: [] }),
	'view-too-many-blocks': inModal({ blocks: many(limits.viewBlocks, section()) }),
	'view-private-metadata-too-long': inModal({ private_metadata: x(limits.modalMetadata) }),
	'view-callback-id-too-long': inModal({ callback_id: x(limits.callbackId) }),
	'view-title-too-long': inModal({ title: plain(x(limits.modalTitle)) }),
	'view-close-too-long': inModal({ close: plain(x(limits.modalTitle)) }),
	'view-submit-too-long': inModal({ submit: plain(x(limits.modalTitle)) }),
	'data-visualization-title-too-long': inMessage(chart({ title: x(limits.chartTitle) })),
	'chart-series-empty': inMessage(chart({ names: [] })),
	'chart-too-many-series': inMessage(chart({ names: many(12, 's') })),
	'data-series-name-too-long': inMessage(chart({ names: [x(limits.chartLabel)] })),
	'data-series-empty': inMessage(chart({ data: [] })),
	'data-series-too-many-points': inMessage(chart({ data: points(limits.chartPoints + 1) })),
	'data-point-label-too-long': inMessage(chart({ data: points(2, x(limits.chartLabel)) })),
	'axis-categories-empty': inMessage(chart({ categories: [] })),
	'axis-too-many-categories': inMessage(
		chart({ categories: points(limits.chartPoints + 1).map((p) => p.label) }),
	),
	'axis-category-label-too-long': inMessage(chart({ categories: [x(limits.chartLabel), 'p1'] })),
}
