import { readFile, realpath, stat } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256Hex } from '../../core/bytes.ts'
import type { Result } from '../../core/result.ts'
import type { ArtifactSource } from '../../ports/artifacts.ts'
import { failure } from '../../registry/artifact/artifact-source.ts'
import { overLimit } from '../../registry/artifact/s3.ts'

/** `file:` URIs below one folder; links that lead out of it are refused, whatever they point at. */
export function fileSource(folder: string): ArtifactSource {
	return (uri, maxBytes) =>
		attempt(async () => {
			const root = await realpath(folder)
			const path = await realpath(pathOf(uri, root))
			const inside = relative(root, path)
			if (inside === '' || inside.startsWith(`..${sep}`) || inside === '..' || resolve(inside) === inside)
				return failure(`it is not below the folder PLUMBLINE_ARTIFACT_FILES, ${folder}`)
			return readWhole(path, maxBytes)
		})
}

/**
 * `file:` URIs anywhere, where no folder is configured: a file is given only to who knows its SHA-256. For all else there is
 * one answer, so that nobody learns what other files there are, or what is in them.
 */
export const anyFileSource: ArtifactSource = async (uri, maxBytes, sha256) => {
	const read = await attempt(() => readWhole(pathOf(uri, resolve()), maxBytes))
	if (read.ok && (await sha256Hex(read.value)) === sha256) return read
	return failure(
		'there is no file with the registered SHA-256, or it cannot be read. Set PLUMBLINE_ARTIFACT_FILES to the folder that it is in to learn more, or upload it',
	)
}

async function attempt(read: () => Promise<Result<Uint8Array>>): Promise<Result<Uint8Array>> {
	try {
		return await read()
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException
		return failure(code === 'ENOENT' ? 'there is no such file' : message, code !== 'ENOENT')
	}
}

/** Only files are opened: to open a pipe could take for ever, and so could what says that it is empty (in /proc). */
async function readWhole(path: string, maxBytes: number): Promise<Result<Uint8Array>> {
	const info = await stat(path)
	if (!info.isFile()) return failure('it is not a file')
	if (info.size === 0) return failure('it is empty')
	if (info.size > maxBytes) return failure(overLimit(maxBytes))
	return { ok: true, value: new Uint8Array(await readFile(path)) }
}

/** `file:///absolute` or `file:relative`, which is below the folder. */
const pathOf = (uri: string, root: string): string =>
	uri.startsWith('file:/') ? fileURLToPath(uri) : resolve(root, decodeURIComponent(uri.slice('file:'.length)))
