import { afterAll, describe, expect, it } from 'vitest'
import { model, openConversation } from '../support/conversation.ts'
import { haveConversation } from '../support/conversation-story.ts'
import { FollowerProcess } from '../support/follower.ts'

const opened: { close(): Promise<unknown> }[] = []
afterAll(async () => {
	for (const each of opened.reverse()) await each.close()
})

describe('a conversation about a drift', () => {
	it('ends with a rollback that two people approved and a serving process follows, every step in the ledger', async () => {
		const talk = await openConversation()
		const follower = new FollowerProcess(talk.url, model)
		opened.push(talk, { close: () => follower.stop() })
		await follower.sees('7')
		const serves = async (version: string) => {
			await follower.sees(version)
			expect(await follower.versionsFor(['loan-1'])).toEqual([version])
		}
		const { request, incident, chapters } = await haveConversation(talk, serves)
		expect(await talk.ledger(`request:${request}`)).toEqual([
			'create-request',
			'refuse-vote',
			'refuse-vote',
			'vote-request',
			'vote-request',
			'approve-request',
			'start-execution',
			'act-execution',
			'verify-execution',
		])
		expect(await talk.ledger(`incident:${incident}`)).toContain('resolve-incident')
		expect(chapters.map((chapter) => chapter.id)).toEqual([
			'incident',
			'why',
			'request',
			'refused',
			'approval',
			'verified',
		])
	})
})
