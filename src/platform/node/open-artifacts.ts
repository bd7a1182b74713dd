import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import type { Result } from '../../core/result.ts'
import type { ArtifactSource, ArtifactStore } from '../../ports/artifacts.ts'
import {
	type ArtifactSettings,
	artifactSource,
	failure,
	s3Of,
	webSource,
} from '../../registry/artifact/artifact-source.ts'
import { overLimit, parseS3, s3Store } from '../../registry/artifact/s3.ts'
import { publicFetch } from './public-fetch.ts'

const absent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** Files below a folder, named by their digest, in subfolders by its first two digits. */
export function folderStore(folder: string): ArtifactStore {
	const pathOf = (digest: string) => join(folder, digest.slice(0, 2), digest)
	return {
		async has(digest) {
			try {
				return (await stat(pathOf(digest))).isFile()
			} catch (error) {
				if (absent(error)) return false
				throw error
			}
		},
		async get(digest) {
			try {
				const { buffer, byteOffset, byteLength } = await readFile(pathOf(digest))
				return new Uint8Array(buffer, byteOffset, byteLength)
			} catch (error) {
				if (absent(error)) return undefined
				throw error
			}
		},
		async put(digest, bytes) {
			const path = pathOf(digest)
			await mkdir(dirname(path), { recursive: true })
			// A file gets its name only when it is durable: a killed process leaves at most a `.part`.
			const part = `${path}.${randomUUID()}.part`
			try {
				await writeDurably(part, bytes)
				await rename(part, path)
			} catch (error) {
				await rm(part, { force: true })
				throw error
			}
			await syncFolder(dirname(path))
			await syncFolder(folder)
		},
	}
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
	const file = await open(path, 'wx')
	try {
		await file.writeFile(bytes)
		await file.sync()
	} finally {
		await file.close()
	}
}

/** A file name is durable once its folder is synced. Not every system supports that. */
async function syncFolder(path: string): Promise<void> {
	try {
		const folder = await open(path, 'r')
		await folder.sync().finally(() => folder.close())
	} catch (error) {
		if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
			throw error
	}
}

/** Reads `file:` URIs below one folder. Links that point outside of it are refused. */
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
 * Reads `file:` URIs anywhere, where no folder is configured: only files whose SHA-256 the caller knows. All failures look the
 * same, so that nobody learns which other files exist or what they contain.
 */
export const anyFileSource: ArtifactSource = async (uri, maxBytes, sha256) => {
	const read = await attempt(() => readWhole(pathOf(uri, resolve()), maxBytes))
	if (read.ok && (await sha256Hex(read.value)) === sha256) return read
	return failure(
		'there is no file with the registered SHA-256, or it cannot be read. Set PLUMBLINE_ARTIFACT_FILES to its folder for the reason, or upload the file',
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

/** Only regular files with content are opened: a pipe, or a file of size 0 in /proc, could block forever. */
async function readWhole(path: string, maxBytes: number): Promise<Result<Uint8Array>> {
	const info = await stat(path)
	if (!info.isFile()) return failure('it is not a file')
	if (info.size === 0) return failure('it is empty')
	if (info.size > maxBytes) return failure(overLimit(maxBytes))
	return { ok: true, value: new Uint8Array(await readFile(path)) }
}

/** `file:///absolute`, or `file:relative` to the folder. */
const pathOf = (uri: string, root: string): string =>
	uri.startsWith('file:/') ? fileURLToPath(uri) : resolve(root, decodeURIComponent(uri.slice('file:'.length)))

/** The default for a database that is not a file. */
const defaultFolder = 'plumbline-artifacts'

/** The folder that artefacts are stored in; undefined when they are stored elsewhere. */
export function artifactFolder(settings: ArtifactSettings, databaseUrl: string): string | undefined {
	const { url } = settings
	if (url === undefined)
		return databaseUrl.startsWith('file:') ? `${databaseUrl.slice('file:'.length)}-artifacts` : defaultFolder
	return url.startsWith('file:') ? url.slice('file:'.length) : undefined
}

/** With a database in a file everything is on one machine; otherwise the folder has to be configured. */
function filesOf({ files }: ArtifactSettings, databaseUrl: string): ArtifactSource | undefined {
	if (files !== undefined) return fileSource(files)
	return databaseUrl.startsWith('file:') ? anyFileSource : undefined
}

/** The configured store of model files, and the readers of URIs. */
export function openArtifacts(
	settings: ArtifactSettings,
	databaseUrl: string,
): Pick<Context, 'artifacts' | 'artifactSource'> {
	const s3 = s3Of(settings, globalThis)
	const folder = artifactFolder(settings, databaseUrl)
	const location = parseS3(settings.url ?? '')
	const source = artifactSource({
		web: webSource(publicFetch(settings.hosts), settings.hosts),
		s3,
		file: filesOf(settings, databaseUrl),
	})
	if (folder !== undefined) return { artifacts: folderStore(folder), artifactSource: source }
	if (!s3 || !location) throw new Error('settings that name S3 have its credentials')
	return { artifacts: s3Store(s3, location), artifactSource: source }
}
