import type { Incident } from '../../alerting/incident/incident.schema.ts'
import type { ActionRequest } from '../../approvals/request/request.schema.ts'
import type { ModelWithHealth } from '../../registry/model/model.schema.ts'
import { limits } from '../limits.ts'
import { modelLines } from './models.ts'
import { requestTitle, reviewButton, statusText } from './request.ts'
import { type Block, context, escapeText, header, lines, named, section } from './text.ts'

/** What the Home tab shows. */
export type HomeView = { type: 'home'; blocks: readonly Block[] }

/** A Home tab with only a text, in markup. */
export const textHome = (text: string): HomeView => ({ type: 'home', blocks: [section(text)] })

const maxWaiting = 30
const linesInSection = 5
const maxModels = 300

type Home = {
	/** The requests that the person can vote on. */
	waiting: readonly ActionRequest[]
	models: readonly ModelWithHealth[]
	open: readonly Incident[]
	/** There are more models. */
	areMore: boolean
}

/** What waits for a person, and their models, worst first. */
export function homeView({ waiting, models, open, areMore }: Home): HomeView {
	const shown = waiting.slice(0, maxWaiting).map(waitingBlock)
	const rest = waiting.length - shown.length
	const all = modelLines(models, open).slice(0, maxModels)
	const more = areMore || models.length > all.length
	const blocks = [
		header('Waits for you'),
		...(shown.length > 0 ? shown : [section('Nothing waits for your vote.')]),
		...(rest > 0 ? [context(`… and ${rest} more.`)] : []),
		header('Your models'),
		...(all.length > 0 ? inSections(all) : [section('There is no model that you can see.')]),
		...(more ? [context('There are more models: `/plumb status &lt;model&gt;` shows one.')] : []),
	]
	return { type: 'home', blocks: blocks.slice(0, limits.viewBlocks) }
}

const waitingBlock = (request: ActionRequest): Block => ({
	...section(
		`*${escapeText(requestTitle(request))}*: ${statusText(request)}\n\`${escapeText(request.id)}\` requested by ${named(request.requesterPerson)}: ${named(request.reason, 300)}`,
	),
	accessory: reviewButton(request.id),
})

function inSections(all: readonly string[]): Block[] {
	const blocks: Block[] = []
	for (let i = 0; i < all.length; i += linesInSection)
		blocks.push(section(lines(all.slice(i, i + linesInSection))))
	return blocks
}
