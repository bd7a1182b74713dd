import { describe, expect } from 'vitest'
import { DemoClient } from '../../src/demo/client.ts'
import { cardFraud, creditRisk } from '../../src/demo/lender.ts'
import { invitePeople, rollBack } from '../../src/demo/rollback.ts'
import { withServer } from '../support/fixtures.ts'
import { adminKey } from '../support/server.ts'

const it = withServer()

describe("the demo's rollback", () => {
	it('is refused to the person who asked, approved by two others, and followed', async ({ server }) => {
		for (const { model, features } of [creditRisk, cardFraud]) {
			await server.post('/v1/models', model)
			await server.post(`/v1/models/${model.model}/versions`, { version: '1', features })
			const json = { champion: '1' }
			await server.fetch(`/v1/models/${model.model}/deployments/production`, { method: 'PUT', json })
		}
		const client = new DemoClient(server.url, adminKey, fetch)
		const people = await invitePeople(client)
		const rollback = await rollBack(client, people)
		expect(rollback).toMatchObject({ from: '1', to: '0', status: 'verified' })
		expect(rollback.refused).toMatchObject({ person: 'ana@bank.example', code: 'own-request' })
		expect(rollback.votes.map((vote) => [vote.person, vote.status])).toEqual([
			['ben@bank.example', 'pending'],
			['carla@bank.example', 'approved'],
		])
		expect(rollback.ledger).toEqual([
			'create-request',
			'refuse-vote',
			'vote-request',
			'vote-request',
			'approve-request',
			'start-execution',
			'act-execution',
			'verify-execution',
		])
		expect(rollback.followedMs).toBeLessThan(15_000)
		const open = (await server.fetch(`/v1/requests/${rollback.open}`)).body
		expect(open).toMatchObject({ status: 'pending', kind: 'promotion', needs: 1 })
		expect(people.map(({ owner }) => owner)).toEqual([
			'ana@bank.example',
			'ben@bank.example',
			'carla@bank.example',
		])
	})
})
