import { readdir, readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const root = new URL('../..', import.meta.url).pathname

it('bundles every rule file for the worker, under its own name', async () => {
	const files = (await readdir(`${root}rules`)).filter((name) => /\.ya?ml$/.test(name))
	const source = await readFile(`${root}src/platform/worker/rules.ts`, 'utf8')
	const imported = [...source.matchAll(/^import (\w+) from '(?:\.\.\/)+rules\/([^']+)'$/gm)].map(
		([, name, file]) => ({ name, file }),
	)
	expect(imported.map(({ file }) => file).sort()).toEqual(files.sort())
	for (const { name, file } of imported) expect(source).toContain(`{ name: '${file}', text: ${name} }`)
})
