import { readFileSync, statSync } from 'node:fs'
import { secretOf } from '../../core/secret-reference.ts'

const maxBytes = 64 * 1024

/** Reads secrets from variables of `env` and from files, each time anew. */
export const secretReader =
	(env: Readonly<Record<string, string | undefined>>) =>
	async (reference: string): Promise<string> =>
		secretOf(reference, env, readSmallFile)

function readSmallFile(path: string): string {
	const stat = statSync(path)
	// A device or a pipe would block.
	if (!stat.isFile() || stat.size > maxBytes) throw Object.assign(new Error(), { code: 'not a small file' })
	return readFileSync(path, 'utf8')
}
