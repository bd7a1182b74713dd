import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { openPeople } from '../../../src/platform/node/load-people.ts'
import { commandLine } from '../../support/command-line.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder()
const path = join(folder, 'people.yaml')
const logged: [string, unknown][] = []
const log = (message: string, fields?: unknown) => void logged.push([message, fields])
const logger = { info: log, warn: log, error: log }
beforeEach(() => {
	logged.length = 0
})

const textOf = (role: string) => `people:\n  - { slack: T1/U1, role: ${role} }\n`

describe('the mapping of people', () => {
	it('is read again when its file changes; an invalid or missing file changes nothing', async () => {
		await writeFile(path, textOf('viewer'))
		const people = await openPeople(path, { logger })
		const role = () => people.current().bySlack.get('T1/U1')?.role
		try {
			expect(role()).toBe('viewer')
			await writeFile(path, textOf('approver'))
			await expect.poll(role).toBe('approver')
			await writeFile(path, `${textOf('admin')}  - { slack: U2, role: viewer }\n`)
			await expect
				.poll(() => logged.at(-1))
				.toEqual([
					'the changed mapping of people is invalid; the current one stays in force',
					{ path, errors: [expect.stringMatching(/people\.yaml:3:14: slack: must be TEAM\/USER/)] },
				])
			expect(role()).toBe('approver')
			await rm(path)
			await expect
				.poll(() => JSON.stringify(logged.at(-1)))
				.toMatch(/stays in force.*people\.yaml cannot be read/)
			expect(role()).toBe('approver')
			await writeFile(path, textOf('analyst'))
			await expect.poll(role).toBe('analyst')
		} finally {
			people.close()
		}
	})

	it('is nobody without a file', async () => {
		expect((await openPeople(undefined, { logger })).current().bySlack.size).toBe(0)
	})

	it('stops the start of the service with line and column, but no other command', async () => {
		await writeFile(path, 'people:\n  - { slack: T1/U1, rol: viewer }\n')
		const environment = {
			PLUMBLINE_PEOPLE: path,
			PLUMBLINE_DATABASE_URL: `file:${join(folder, 'test.db')}`,
			PLUMBLINE_PORT: '0',
		}
		const served = await commandLine(['serve'], environment)
		expect([served.code, served.err]).toEqual([
			2,
			expect.stringMatching(
				/PLUMBLINE_PEOPLE is invalid\. .*people\.yaml:2:\d+: .*unknown member "rol".*role/,
			),
		])
		expect((await commandLine(['keys', 'list'], environment)).code).toBe(0)
		const missing = await commandLine(['serve'], { ...environment, PLUMBLINE_PEOPLE: `${path}.txt` })
		expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('cannot be read')])
	})
})

describe('a service with a key for tokens', () => {
	it('does not start with one that is none, and does not show it', async () => {
		const environment = {
			PLUMBLINE_DATABASE_URL: `file:${join(folder, 'test.db')}`,
			PLUMBLINE_PORT: '0',
			PLUMBLINE_TOKEN_KEY: 'c2VjcmV0LXNob3J0',
			SLACK_BOT_TOKEN: 'xoxb-test',
			SLACK_SIGNING_SECRET: 'secret',
			SLACK_API_URL: 'http://127.0.0.1:9/api/',
		}
		const { code, err } = await commandLine(['serve'], environment)
		expect([code, err]).toEqual([2, expect.stringContaining('PLUMBLINE_TOKEN_KEY is not 32 bytes in base64')])
		expect(err).not.toContain('c2VjcmV0')
		const { err: missing } = await commandLine(['serve'], {
			...environment,
			PLUMBLINE_TOKEN_KEY: `file:${folder}/none`,
		})
		expect(missing).toContain('the file cannot be read (ENOENT)')
	})
})
