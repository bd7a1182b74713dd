import { open, realpath } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ArtifactSource, failure } from './artifact-source.ts'
import { overLimit } from './s3.ts'

/** `file:` URIs below one folder; links that lead out of it are refused, whatever they point at. */
export function fileSource(folder: string): ArtifactSource {
	return async (uri, mostBytes) => {
		try {
			const root = await realpath(folder)
			const path = await realpath(pathOf(uri, root))
			const inside = relative(root, path)
			if (inside === '' || inside.startsWith(`..${sep}`) || inside === '..' || resolve(inside) === inside)
				return failure(`it is not below the folder PLUMBLINE_ARTIFACT_FILES, ${folder}`)
			const file = await open(path, 'r')
			try {
				const info = await file.stat()
				if (!info.isFile()) return failure('it is not a file')
				if (info.size > mostBytes) return failure(overLimit(mostBytes))
				return { ok: true, value: new Uint8Array(await file.readFile()) }
			} finally {
				await file.close()
			}
		} catch (error) {
			const { code, message } = error as NodeJS.ErrnoException
			return failure(code === 'ENOENT' ? 'there is no such file' : message, code !== 'ENOENT')
		}
	}
}

/** `file:///absolute` or `file:relative`, which is below the folder. */
const pathOf = (uri: string, root: string): string =>
	uri.startsWith('file:/') ? fileURLToPath(uri) : resolve(root, decodeURIComponent(uri.slice('file:'.length)))
