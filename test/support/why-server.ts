import { dayMs } from '../../src/core/time.ts'
import { pngRenderer } from '../../src/platform/node/render-png.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { admin } from './actors.ts'
import { startOfTest } from './context.ts'
import { approveReasons, decisionAt, registerLending } from './lending-model.ts'
import { plumbServer } from './plumb.ts'
import type { Json } from './server.ts'

/** Where the declined applicant is explained. */
export const declinedPath = '/v1/models/lending/predictions/declined/explanation'

/** Whether a text has the declined applicant's income. */
export const hasIncome = (text: string): boolean => /18,?000/.test(text)

/** A server with a lender's model: U1 may see values, U-viewer only reasons, U-other another model. */
export async function whyServer({ pictures }: { pictures: boolean }) {
	const work: Promise<unknown>[] = []
	const server = await plumbServer({
		...(pictures ? { renderPng: pngRenderer() } : {}),
		background: (promise) => void work.push(promise),
	})
	await registerLending(server)
	server.clock.now = startOfTest - 30 * dayMs
	await approveReasons(server)
	server.clock.now = decisionAt + 3600_000
	const { context } = server
	await mapSlackUser(context, admin, { team: 'T1', user: 'U-viewer', role: 'viewer', models: ['lend*'] })
	await mapSlackUser(context, admin, { team: 'T1', user: 'U-other', role: 'analyst', models: ['other'] })
	/** Until all is done that goes on behind an answer. */
	const settled = async () => {
		while (work.length > 0) await Promise.all(work.splice(0))
	}
	return { ...server, settled }
}

/** What the buttons of a message carry, by action. */
export const buttonsOf = (message: { blocks: Json[] }): Record<string, string> =>
	Object.fromEntries(
		message.blocks.flatMap((b) =>
			b.type === 'actions' ? b.elements.map((e: Json) => [e.action_id, e.value]) : [],
		),
	)
