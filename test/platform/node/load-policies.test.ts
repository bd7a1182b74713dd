import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openPolicies } from '../../../src/platform/node/load-policies.ts'
import { openRules } from '../../../src/platform/node/load-rules.ts'

let folder: string
const told: [string, unknown][] = []
const tell = (message: string, fields?: unknown) => void told.push([message, fields])
const logger = { info: tell, warn: tell, error: tell }
const executors = { pointer: { settings: z.strictObject({}) } }
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'plumbline-policies-'))
	told.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const write = (text: string, name = 'approvals.yaml') => writeFile(join(folder, name), text)
const own = (name: string) => `policies:\n  - { name: ${name}, needs: 3 }\n`
const open = () => openPolicies(folder, { executors, logger })

describe('the policies of a rules folder', () => {
	it('are the packaged ones where it has no such file', async () => {
		const { current, close } = await open()
		expect(current()).toMatchObject({ isDefault: true })
		close()
	})

	it('stop the start when they are invalid, with line and column', async () => {
		await write('policies:\n  - { name: a, neds: 1 }\n')
		await expect(open()).rejects.toMatchObject({
			code: 'invalid',
			message: expect.stringContaining('approvals.yaml:2:16: unknown member "neds". Did you mean needs?'),
			faults: expect.arrayContaining([
				{ path: 'approvals.yaml:2:16', message: 'unknown member "neds". Did you mean needs?' },
			]),
		})
	})

	it('stand in one file', async () => {
		await write(own('a'))
		await write(own('b'), 'approvals.yml')
		await expect(open()).rejects.toMatchObject({ message: expect.stringContaining('Keep one of them') })
	})

	it('are read again when they change, and stay in force when the change is invalid', async () => {
		const { current, close } = await open()
		const names = () => current().policies.map((policy) => policy.name)
		await write(own('first'))
		await expect.poll(names, { timeout: 5000 }).toContain('first')
		await write('policies: many')
		await expect
			.poll(() => told.at(-1)?.[0], { timeout: 5000 })
			.toBe('the changed approvals.yaml is invalid; the current policies stay in force')
		expect(told.at(-1)?.[1]).toMatchObject({ error: expect.stringContaining('approvals.yaml:1:11') })
		expect(names()).toContain('first')
		await write(own('second'))
		await expect.poll(names, { timeout: 5000 }).toContain('second')
		await rm(folder, { recursive: true })
		await expect.poll(() => JSON.stringify(told.at(-1)), { timeout: 5000 }).toContain('was removed')
		expect(names()).toContain('second')
		await mkdir(folder)
		close()
	})

	it('are no rules: a folder with them alone keeps the packaged rules', async () => {
		await write(own('a'))
		const { current, close } = await openRules(folder, { logger })
		expect(current().rules.map((rule) => rule.name)).toContain('feature-drift')
		close()
	})
})
