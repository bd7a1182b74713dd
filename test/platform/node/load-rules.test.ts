import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { builtInRules, checkRules, openRules } from '../../../src/platform/node/load-rules.ts'

let parent: string
let folder: string
const told: [string, unknown][] = []
const tell = (message: string, fields?: unknown) => void told.push([message, fields])
const logger = { info: tell, warn: tell, error: tell }
beforeEach(async () => {
	parent = await mkdtemp(join(tmpdir(), 'plumbline-rules-'))
	folder = join(parent, 'rules')
	told.length = 0
})
afterEach(() => rm(parent, { recursive: true, force: true }))

const own = (name: string, n = 5) => `rules:\n  - name: ${name}\n    when: n >= ${n}\n`
const write = async (text: string) => {
	await mkdir(folder, { recursive: true })
	await writeFile(join(folder, 'own.yaml'), text)
}
const namesOf = async () => (await openRules(folder, { logger })).current().rules.map((r) => r.name)

describe('a folder of rules', () => {
	it('replaces the packaged rules, and names those that do not apply', async () => {
		await write(own('mine'))
		expect(await namesOf()).toEqual(['mine'])
		expect(told).toEqual([
			[
				`${folder} replaces the packaged rules; a file that says extends: packaged keeps them`,
				{ leftOut: expect.arrayContaining(['feature-drift', 'feed-stopped']) },
			],
		])
		expect((await checkRules(folder)).leftOut).toContain('score-drift')
	})

	it('keeps them when a file extends them, replaces one by its name, and disables others', async () => {
		const packaged = (await checkRules(builtInRules())).rules
		await write(
			`extends: packaged\ndisable: [feed-stopped]\n${own('mine')}${own('no-answer').replace('rules:\n', '')}`,
		)
		const { rules, leftOut, ruleSet } = await checkRules(folder)
		expect([rules, leftOut]).toEqual([packaged, []])
		expect(ruleSet?.rules.find((r) => r.name === 'no-answer')?.when.text).toBe('n >= 5')
		// A disabled rule no longer inhibits others.
		expect(ruleSet?.rules.find((r) => r.name === 'feature-drift')?.inhibitedBy).not.toContain('feed-stopped')
		expect(told).toEqual([])
	})

	it.each([
		['disable: [feed-stopped]\nrules: []\n', 'no file has extends: packaged'],
		['extends: packaged\ndisable: [feed-stoped]\n', 'Did you mean feed-stopped?'],
		[`${own('mine')}    inhibited_by: [feed-stopped]\n`, 'those apply only if a file has extends: packaged'],
		['extends: everything\n', 'extends'],
		['{}\n', 'rules: is missing'],
	])('is refused for %j', async (text, message) => {
		await write(text)
		expect((await checkRules(folder)).errors.map((e) => e.message).join()).toContain(message)
	})
})

describe('a folder that is watched', () => {
	const digests: string[] = []
	const follow = async () => {
		digests.length = 0
		const rules = await openRules(folder, { logger })
		const names = () => rules.current().rules.map((r) => r.name)
		rules.follow(async ({ digest }) => void digests.push(digest))
		return { names, stop: rules.close }
	}

	it('is noticed when it appears, and when a file in it changes', async () => {
		const { names, stop } = await follow()
		expect(names()).toContain('feature-drift')
		await write(own('mine'))
		await expect.poll(names).toEqual(['mine'])
		await write(own('other'))
		await expect.poll(names).toEqual(['other'])
		expect(digests).toHaveLength(2)
		stop()
	})

	it('is noticed when it disappears, which keeps its rules, and when it is back', async () => {
		await write(own('mine'))
		const { names, stop } = await follow()
		await rename(folder, `${folder}-away`)
		await expect
			.poll(() => told.at(-1)?.[0])
			.toBe('the rule folder was removed; the current rules stay in force')
		expect(names()).toEqual(['mine'])
		await write(own('back'))
		await expect.poll(names).toEqual(['back'])
		stop()
	})
})
