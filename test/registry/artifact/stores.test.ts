import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { anyFileSource, fileSource, folderStore } from '../../../src/platform/node/open-artifacts.ts'
import type { ArtifactStore } from '../../../src/ports/artifacts.ts'
import { type R2, r2Store } from '../../../src/registry/artifact/open-web-artifacts.ts'
import { digestOf } from '../../support/linear-model.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const folder = temporaryFolder()

/** A bucket as R2 is: it refuses bytes that are not what their digest says. */
function bucket(): R2 {
	const objects = new Map<string, Uint8Array>()
	return {
		head: async (key) => (objects.has(key) ? {} : null),
		get: async (key) => {
			const found = objects.get(key)
			return found ? { arrayBuffer: async () => found.slice().buffer as ArrayBuffer } : null
		},
		put: async (key, value, options) => {
			if (options?.sha256 !== digestOf(value)) throw new Error('put: checksum does not match')
			objects.set(key, value.slice())
			return {}
		},
	}
}

describe.each([
	['a folder', () => folderStore(join(folder, 'store'))],
	['an R2 bucket', () => r2Store(bucket())],
] as [string, () => ArtifactStore][])('%s', (_, open) => {
	it('gives back what was put, by digest', async () => {
		const store = open()
		const bytes = new Uint8Array(randomBytes(100_000))
		const digest = digestOf(bytes)
		expect([await store.has(digest), await store.get(digest)]).toEqual([false, undefined])
		for (let n = 0; n < 2; n++) await store.put(digest, bytes)
		expect(await store.has(digest)).toBe(true)
		expect(digestOf((await store.get(digest)) ?? new Uint8Array())).toBe(digest)
		await store.put(digestOf(''), new Uint8Array())
		expect(await store.get(digestOf(''))).toEqual(new Uint8Array())
	})
})

describe('a folder', () => {
	it('has no half file under a digest, whenever the process is killed', async () => {
		const place = join(folder, 'killed')
		const module = new URL('../../../src/platform/node/open-artifacts.ts', import.meta.url).pathname
		const program = `
			import { createHash, randomBytes } from 'node:crypto'
			import { folderStore } from ${JSON.stringify(module)}
			const store = folderStore(${JSON.stringify(place)})
			process.stdout.write('ready')
			for (;;) {
				const bytes = randomBytes(2_000_000)
				await store.put(createHash('sha256').update(bytes).digest('hex'), bytes)
			}`
		for (let n = 0; n < 4; n++) {
			const child = spawn(process.execPath, ['--input-type=module', '-e', program])
			await new Promise((resolve) => child.stdout.once('data', resolve))
			await new Promise((resolve) => setTimeout(resolve, 60 + n * 37))
			const ended = new Promise((resolve) => child.once('exit', resolve))
			child.kill('SIGKILL')
			await ended
		}
		const store = folderStore(place)
		const files = (await readdir(place, { recursive: true })).map((name) => name.split('/').at(-1) ?? '')
		const whole = files.filter((name) => /^[0-9a-f]{64}$/.test(name))
		expect(whole.length).toBeGreaterThan(0)
		for (const name of whole) expect(digestOf((await store.get(name)) ?? new Uint8Array())).toBe(name)
	})
})

describe('files by URI', () => {
	it('are read below the configured folder, and nowhere else', async () => {
		const root = join(folder, 'models')
		await mkdir(join(root, 'a b'), { recursive: true })
		await writeFile(join(folder, 'secret.txt'), 'secret')
		await writeFile(join(root, 'a b', 'm.json'), 'model')
		await symlink(join(folder, 'secret.txt'), join(root, 'link.json'))
		await symlink(folder, join(root, 'up'))
		const read = fileSource(root)
		const text = async (uri: string, most = 100) => {
			const answer = await read(uri, most, '')
			return answer.ok ? new TextDecoder().decode(answer.value) : answer.error.message
		}
		expect(await text(`file://${root}/a%20b/m.json`)).toBe('model')
		expect(await text('file:a%20b/m.json')).toBe('model')
		for (const uri of [
			`file://${folder}/secret.txt`,
			`file://${root}/../secret.txt`,
			'file:../secret.txt',
			'file:%2e%2e/secret.txt',
			`file://${root}/link.json`,
			`file://${root}/up/secret.txt`,
			'file:///etc/passwd',
			`file://${root}`,
		])
			expect([uri, await text(uri)]).toEqual([uri, expect.stringContaining('not below the folder')])
		expect(await text(`file://${root}/none.json`)).toBe('there is no such file')
		expect(await text(`file://${root}/a%20b`)).toBe('it is not a file')
		expect(await text('file:a%20b/m.json', 4)).toContain('over the limit of 4 bytes')
		expect(await text('file://host/share/m.json')).not.toBe('model')
		expect(await text('file:%00')).not.toBe('model')
	})

	it('are given to who knows their digest, where no folder is configured; all else has one answer', async () => {
		const path = join(folder, 'known.json')
		await writeFile(path, 'model')
		const read = (uri: string, sha256: string, most = 100) => anyFileSource(uri, most, sha256)
		expect(await read(`file://${path}`, digestOf('model'))).toMatchObject({ ok: true })
		const refused = await Promise.all([
			read(`file://${path}`, digestOf('other')),
			read(`file://${path}`, digestOf('model'), 3),
			read('file:///etc/passwd', digestOf('model')),
			read(`file://${folder}/none`, digestOf('model')),
			read(`file://${folder}`, digestOf('model')),
			read('file:///dev/zero', digestOf('model')),
		])
		expect(new Set(refused.map((r) => JSON.stringify(r))).size).toBe(1)
		expect(refused[0]).toMatchObject({ ok: false, error: { retryable: false } })
	})
})
