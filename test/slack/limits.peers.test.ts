import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { limits } from '../../src/slack/limits.ts'
import { blockKitPath, hasPeers } from '../support/peers.ts'

// slackblocks' list of Block Kit's limits: somebody else's reading of the same reference.
it.runIf(hasPeers('blockKit'))('the limits are those that others know', async () => {
	const oracle = JSON.parse(await readFile(blockKitPath, 'utf8'))
	expect(limits).toMatchObject({
		sectionText: oracle.text.max_length,
		headerText: oracle.header.text.max_length,
		contextElements: oracle.context.elements.max_items,
		buttonText: oracle.button.text.max_length,
		buttonValue: oracle.button.value.max_length,
		actions: oracle.actions.elements.max_items,
		actionId: oracle.action_id.max_length,
		altText: oracle.image.alt_text.max_length,
		inputLabel: oracle.input.label.max_length,
		inputText: oracle.plain_text_input.max_length.max,
		optionText: oracle.option.text.max_length,
		viewBlocks: oracle.view.blocks.max_items,
		modalTitle: oracle.view.title.max_length,
		modalMetadata: oracle.view.private_metadata.max_length,
	})
})
