import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { actions } from '../../src/alerting/actions.ts'
import { commands } from '../../src/cli/index.ts'
import { actionNames } from '../../src/rules/rule-set.ts'

const namesIn = (folder: string) =>
	readdirSync(new URL(`../../src/${folder}`, import.meta.url))
		.filter((f) => f.endsWith('.ts') && f !== 'index.ts')
		.map((f) => f.replace('.ts', ''))
		.sort()

const load = (path: string): Promise<Record<string, unknown>> =>
	import(/* @vite-ignore */ new URL(`../../src/${path}.ts`, import.meta.url).href)

describe('a registry equals its folder', () => {
	it('of rule actions: each that the rule language names', () => {
		expect(Object.values(actions).map((a) => a.name)).toEqual(Object.keys(actions))
		expect(Object.keys(actions).sort()).toEqual([...actionNames].sort())
	})

	it('of commands: every file that exports one', async () => {
		const exported = await Promise.all(
			namesIn('cli').map(async (name) =>
				Object.values(await load(`cli/${name}`)).filter(
					(v) => typeof v === 'object' && v !== null && 'run' in v && 'help' in v,
				),
			),
		)
		const loaded = await Promise.all(commands.map((c) => c.load()))
		expect(new Set(exported.flat())).toEqual(new Set(loaded))
	})
})
