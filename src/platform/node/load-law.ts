import { readdir, readFile } from 'node:fs/promises'
import type { RuleText } from '../../rules/read-file.ts'

/** In the package the tables stay in `src`, beside `dist`. */
const folder = new URL('../../../src/evidence/reports/law/', import.meta.url)

/** The packaged law tables, by name. */
export async function loadLaw(): Promise<RuleText[]> {
	const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort()
	return Promise.all(
		names.map(async (name) => ({ name, text: await readFile(new URL(name, folder), 'utf8') })),
	)
}
