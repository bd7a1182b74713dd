import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleOutput, type FollowedServer, followedServer, followThrough } from '../support/follower.ts'
import { hasPeers, plainPython } from '../support/peers.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
let server: FollowedServer

describe.runIf(hasPeers('plainPython'))('docs/clients/follow.py', () => {
	beforeAll(async () => {
		server = await followedServer(folder)
	})
	afterAll(() => server?.stop())

	it('serves what is deployed, and the same versions as the follower in TypeScript', async () => {
		const versions = await followThrough(server, plainPython)
		expect(await followThrough(server)).toEqual(versions)
	})

	it('does what docs/follow-deployments.md says', () => {
		expect(exampleOutput(server.url, 'python', [plainPython, '-c'])).toBe('1\n1\n')
	})
})
