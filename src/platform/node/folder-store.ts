import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ArtifactStore } from '../../ports/artifacts.ts'

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
