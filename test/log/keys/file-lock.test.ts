import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FileLock } from '../../../src/log/keys/file-lock-node.ts'

it('a lock has one holder, which may take it again, and is free when it is released', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-lock-'))
	const [one, other] = [new FileLock(join(folder, 'x')), new FileLock(join(folder, 'x'))]
	try {
		expect([await one.hold(), await one.hold(), await other.hold()]).toEqual([true, true, false])
		await one.release()
		expect([await other.hold(), await one.hold()]).toEqual([true, false])
		expect(await new FileLock(join(folder, 'none', 'x')).hold()).toBe(false)
	} finally {
		for (const lock of [one, other]) await lock.release()
		await rm(folder, { recursive: true, force: true })
	}
})
