import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleOutput, type FollowedServer, followedServer, followThrough } from '../support/follower.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
let server: FollowedServer
beforeAll(async () => {
	server = await followedServer(folder)
})
afterAll(() => server.stop())

describe('docs/clients/follow.ts', () => {
	it('serves what is deployed, over a crash of the server, and gives a canary its percent', async () => {
		await followThrough(server)
	})

	it('does what docs/follow-deployments.md says', () => {
		const program = [process.execPath, '--input-type=module-typescript', '--eval']
		expect(exampleOutput(server.url, 'ts', program, '\nfollower.close()')).toBe('1\n1\n')
	})
})

it('the reference followers are short enough to read', () => {
	for (const file of ['follow.py', 'follow.ts']) {
		const text = readFileSync(new URL(`../../docs/clients/${file}`, import.meta.url), 'utf8')
		expect(text.split('\n').length, file).toBeLessThan(100)
	}
})
