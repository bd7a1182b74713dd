import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { limits } from '../../src/slack/limits.ts'
import { invalidCases } from '../support/invalid-blocks.ts'
import { blockKitPath, hasPeers } from '../support/peers.ts'
import type { Json } from '../support/server.ts'

// slackblocks' list of Block Kit's limits: somebody else's reading of the same reference.
const read = async (name: string): Promise<Json> =>
	JSON.parse(await readFile(blockKitPath.replace('limits.json', name), 'utf8'))

it.runIf(hasPeers('blockKit'))('the limits are those that others know', async () => {
	const oracle = await read('limits.json')
	expect(limits).toMatchObject({
		text: oracle.text.max_length,
		sectionText: oracle.section.text.max_length,
		fields: oracle.section.fields.max_items,
		fieldText: oracle.section.fields.item_max_length,
		headerText: oracle.header.text.max_length,
		contextElements: oracle.context.elements.max_items,
		blockId: oracle.block_id.max_length,
		buttonText: oracle.button.text.max_length,
		buttonValue: oracle.button.value.max_length,
		buttonUrl: oracle.button.url.max_length,
		actions: oracle.actions.elements.max_items,
		actionId: oracle.action_id.max_length,
		altText: oracle.image.alt_text.max_length,
		imageUrl: oracle.image.image_url.max_length,
		inputLabel: oracle.input.label.max_length,
		inputHint: oracle.input.hint.max_length,
		inputText: oracle.plain_text_input.max_length.max,
		placeholder: oracle.select.placeholder.max_length,
		options: oracle.select.options.max_items,
		fewOptions: oracle.radio_buttons.options.max_items,
		optionText: oracle.option.text.max_length,
		optionValue: oracle.option.value.max_length,
		optionDescription: oracle.option.description.max_length,
		confirmTitle: oracle.confirmation.title.max_length,
		confirmText: oracle.confirmation.text.max_length,
		confirmButton: oracle.confirmation.confirm.max_length,
		viewBlocks: oracle.view.blocks.max_items,
		modalTitle: oracle.view.title.max_length,
		modalMetadata: oracle.view.private_metadata.max_length,
		callbackId: oracle.view.callback_id.max_length,
		chartTitle: oracle.data_visualization.title.max_length,
		chartLabel: oracle.data_visualization.point_label.max_length,
		chartPoints: oracle.data_visualization.data.max_items,
	})
	// Slack's own reference has fewer.
	expect(limits.chartSeries).toBeLessThanOrEqual(oracle.data_visualization.series.max_items)
})

// Blocks and elements that are used nowhere: the checker refuses them altogether.
const unused =
	/^(option-group|select-too-many-option-groups|overflow|url-source|table|file-input|number-input|markdown|video|alert|card|carousel|container|context-actions|feedback-button|icon-button|data-table|pie-chart|chart-segment|axis-label)/

it.runIf(hasPeers('blockKit'))(
	'each invalid case that others know is found, or of a block that is not used',
	async () => {
		const { cases } = await read('invalid-manifest.json')
		const ids: string[] = cases.map((c: Json) => c.id)
		const covered = ids.filter((id) => Object.hasOwn(invalidCases, id))
		expect(covered.sort()).toEqual(Object.keys(invalidCases).sort())
		for (const id of covered) expect([id, invalidCases[id]?.().length === 0]).toEqual([id, false])
		expect(ids.filter((id) => !covered.includes(id) && !unused.test(id))).toEqual([])
	},
)
