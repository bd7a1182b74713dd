import { expect, it } from 'vitest'
import { openConversation, untilIncident } from '../support/conversation.ts'
it('x', async () => {
  const t = performance.now()
	const talk = await openConversation()
  console.log('opened', performance.now() - t)
	try {
		const { declined, incident } = await untilIncident(talk)
    console.log('incident', performance.now() - t, declined, incident)
		const ana = talk.person('ana')
		console.log(JSON.stringify(await ana.command(`why ${declined}`), null, 1).slice(0, 3000))
		for (const m of await talk.workspace.messages()) console.log(JSON.stringify(m.blocks).slice(0,2500))
	} finally { console.log(talk.logged); await talk.close() }
	expect(1).toBe(1)
})
