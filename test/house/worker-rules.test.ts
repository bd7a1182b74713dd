import { readdir, readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const root = new URL('../..', import.meta.url).pathname

it.each([
	['rule file', 'rules', 'rules.ts'],
	['law table', 'src/evidence/reports/law', 'law.ts'],
])('bundles every %s for the worker, under its own name', async (_, folder, module) => {
	const files = (await readdir(`${root}${folder}`)).filter((name) => /\.ya?ml$/.test(name))
	const source = await readFile(`${root}src/platform/worker/${module}`, 'utf8')
	const imported = [...source.matchAll(/^import (\w+) from '[./\w]+\/([^/']+\.yaml)'$/gm)].map(
		([, name, file]) => ({ name, file }),
	)
	expect(imported.map(({ file }) => file).sort()).toEqual(files.sort())
	for (const { name, file } of imported) expect(source).toContain(`{ name: '${file}', text: ${name} }`)
})
