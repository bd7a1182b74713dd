import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { Config } from '../../src/config.ts'

/** Set by the image, or read by commands that run beside the service. */
const leftOut = [
	'PLUMBLINE_DATABASE_URL',
	'PLUMBLINE_HOST',
	'PLUMBLINE_KEY',
	'PLUMBLINE_PORT',
	'PLUMBLINE_URL',
]
const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8')

it('compose passes every setting, but those that are left out on purpose', async () => {
	const { environment, volumes } = parse(await read('docs/compose.yaml')).services.plumbline
	const passed = Object.keys(environment)
	expect([...passed, ...leftOut].sort()).toEqual(Object.keys(Config.shape).sort())
	for (const name of passed)
		if (name !== 'PLUMBLINE_RULES') expect(environment[name]).toMatch(new RegExp(`^\\$\\{${name}:[-?]`))
	expect(volumes).toContainEqual(expect.stringMatching(`:${environment.PLUMBLINE_RULES}:ro$`))
})

it('the image installs what the lock file says, and nothing that npm would choose anew', async () => {
	const dockerfile = await read('Dockerfile')
	expect(dockerfile).toContain('npm ci --omit=dev')
	expect(dockerfile).not.toMatch(/npm (install|i) /)
})
