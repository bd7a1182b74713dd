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

/** Files below a folder, each named by its digest, in subfolders by the first two digits. */
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
			// A file has its name only when all of it is on the disk: a process that is killed leaves a `.part` at most.
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

/** The name of a file is durable when its folder is. Not every system lets a folder be synced. */
async function syncFolder(path: string): Promise<void> {
	try {
		const folder = await open(path, 'r')
		await folder.sync().finally(() => folder.close())
	} catch (error) {
		if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
			throw error
	}
}

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

/** Beside a database that is not a file. */
const defaultFolder = 'plumbline-artifacts'

/** The folder that artefacts are kept in; undefined when they are not kept in one. */
export function artifactFolder(settings: ArtifactSettings, databaseUrl: string): string | undefined {
	const { url } = settings
	if (url === undefined)
		return databaseUrl.startsWith('file:') ? `${databaseUrl.slice('file:'.length)}-artifacts` : defaultFolder
	return url.startsWith('file:') ? url.slice('file:'.length) : undefined
}

/** Beside a database that is a file, everything is on one machine; else the folder has to be named. */
function filesOf({ files }: ArtifactSettings, databaseUrl: string): ArtifactSource | undefined {
	if (files !== undefined) return fileSource(files)
	return databaseUrl.startsWith('file:') ? anyFileSource : undefined
}

/** The store of model files that the settings name, and where else they are read from. */
export function openArtifacts(
	settings: ArtifactSettings,
	databaseUrl: string,
): Pick<Context, 'artifacts' | 'artifactSource'> {
	const s3 = s3Of(settings, globalThis)
	const folder = artifactFolder(settings, databaseUrl)
	const place = parseS3(settings.url ?? '')
	const source = artifactSource({
		web: webSource(publicFetch(settings.hosts), settings.hosts),
		s3,
		file: filesOf(settings, databaseUrl),
	})
	if (folder !== undefined) return { artifacts: folderStore(folder), artifactSource: source }
	if (!s3 || !place) throw new Error('settings that name S3 have its credentials')
	return { artifacts: s3Store(s3, place), artifactSource: source }
}
