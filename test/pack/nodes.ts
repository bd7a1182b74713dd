import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

const folders = (process.env.PATH ?? '').split(delimiter).filter((f) => !f.includes('node_modules'))

// A script's npm hands its own settings down; here it is a person's npm in an empty folder.
export const plainEnv = Object.fromEntries(
	Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
)

/** The environment of a person who has this Node. */
export const envWith = (node: string): Record<string, string | undefined> => ({
	...plainEnv,
	PATH: [dirname(node), ...folders].join(delimiter),
})

const majorOf = (node: string): number =>
	Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1])

/** The Node that runs this test, and the machine's own where it is another release. */
export function nodes(): [number, string][] {
	const found = new Map<number, string>()
	for (const node of [process.execPath, ...folders.map((f) => join(f, 'node'))]) {
		if (!existsSync(node)) continue
		const major = majorOf(node)
		if (major >= 20 && !found.has(major)) found.set(major, node)
	}
	return [...found]
}
