import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../src/core/errors.ts'
import { type Listening, listen } from '../../../src/platform/node/listen.ts'
import { databaseFailure } from '../../../src/platform/node/start-failure.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
	for (const stop of stops.splice(0)) await stop()
})

describe('a database that cannot be opened', () => {
	const say = (message: string) => {
		const failure = databaseFailure(
			new Error('drizzle says', { cause: new Error(message) }),
			'libsql://db?token=abc',
		)
		return failure instanceof AppError ? failure.message : undefined
	}

	it.each([
		['SQLITE_NOTADB: file is not a database', /not a database.*restore/],
		['SQLITE_CORRUPT: database disk image is malformed', /damaged or truncated.*restore/],
		['SQLITE_BUSY: database is locked', /locked by another process/],
		['SQLITE_READONLY: attempt to write a readonly database', /cannot be written/],
		['ConnectionFailed("Unable to open connection to local database x: 14")', /folder exists/],
		['SQLITE_FULL: database or disk is full', /disk is full/],
		['connect ECONNREFUSED 127.0.0.1:1', /cannot be reached/],
	])('is explained in one line: %s', (message, expected) => {
		expect(say(message)).toMatch(expected)
		expect(say(message)).not.toMatch(/token=abc|\n/)
	})

	it('leaves other errors as they are', () => {
		expect(say('x is not a function')).toBeUndefined()
	})
})

describe('listening', () => {
	const answer = () => new Response('hello')

	it('says that the port is taken, and what to do', async () => {
		const other = createServer()
		await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
		stops.push(() => new Promise((resolve) => other.close(resolve)))
		const { port } = other.address() as AddressInfo
		await expect(listen(answer, '127.0.0.1', port)).rejects.toThrow(
			`Port ${port} on 127.0.0.1 is taken. Stop what listens there`,
		)
	})

	it('says that the address is not one of this machine', async () => {
		await expect(listen(answer, '192.0.2.1', 0)).rejects.toThrow(/not an address of this machine/)
	})

	it('names an address that can be reached when it listens on all', async () => {
		const listening = await listen(answer, '0.0.0.0', 0)
		stops.push(listening.close)
		expect(listening.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
		expect(await (await fetch(listening.url)).text()).toBe('hello')
	})

	it('lets a running request end when it closes, and takes no new one', async () => {
		let go = () => {}
		const wait = new Promise<void>((resolve) => {
			go = resolve
		})
		let seen = () => {}
		const started = new Promise<void>((resolve) => {
			seen = resolve
		})
		const respond = async () => {
			seen()
			await wait
			return new Response('done')
		}
		const listening: Listening = await listen(respond, '127.0.0.1', 0)
		const first = fetch(listening.url)
		await started
		const closed = listening.close()
		await expect(fetch(listening.url)).rejects.toThrow()
		go()
		expect(await (await first).text()).toBe('done')
		await closed
	})
})
