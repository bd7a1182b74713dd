import { expect, it } from 'vitest'
import type { Model } from '../../../src/explain/model.ts'
import type { Loaded } from '../../../src/ports/model-cache.ts'
import { modelCache } from '../../../src/registry/artifact/model-cache.ts'

const loaded = (bytes: number): Loaded => ({
	opened: { model: { bytes } as Model, manifest: {}, digest: '' },
})

/** A cache of 100 bytes that counts its loads. */
function counted(shared = true) {
	const clock = { now: 0 }
	const loads: string[] = []
	const cache = modelCache(100, () => clock.now, shared)
	const open = (key: string, bytes: number | Loaded) =>
		cache.open(key, async () => {
			loads.push(key)
			await new Promise((resolve) => setTimeout(resolve, 1))
			return typeof bytes === 'number' ? loaded(bytes) : bytes
		})
	return { cache, clock, loads, open }
}

it('keeps what was used last, within its bytes', async () => {
	const { cache, loads, open } = counted()
	await open('a', 40)
	await open('b', 40)
	await open('a', 40)
	await open('c', 40)
	expect([loads.join(''), cache.bytes()]).toEqual(['abc', 80])
	await open('a', 40)
	await open('b', 40)
	expect(loads.join('')).toBe('abcb')
})

it('never keeps one that is larger than all of it', async () => {
	const { cache, loads, open } = counted()
	await open('small', 60)
	await open('huge', 101)
	expect(cache.bytes()).toBe(60)
	await open('huge', 101)
	await open('small', 60)
	expect(loads).toEqual(['small', 'huge', 'huge'])
})

it('loads once for many that ask at the same time, unless requests must not wait for each other', async () => {
	const together = counted()
	await Promise.all(Array.from({ length: 10 }, () => together.open('a', 1)))
	expect(together.loads).toEqual(['a'])
	const apart = counted(false)
	await Promise.all(Array.from({ length: 3 }, () => apart.open('a', 1)))
	expect(apart.loads).toEqual(['a', 'a', 'a'])
	await apart.open('a', 1)
	expect([apart.loads.length, apart.cache.bytes()]).toEqual([3, 1])
})

it('remembers for a while what cannot be opened, or until it is invalidated', async () => {
	const { cache, clock, loads, open } = counted()
	const lost: Loaded = { opened: { unavailable: 'lost' }, again: 60 }
	expect(await open('a', lost)).toEqual({ unavailable: 'lost' })
	await open('a', lost)
	expect(loads).toHaveLength(1)
	clock.now = 60
	await open('a', lost)
	cache.forget('a')
	expect(await open('a', 5)).toHaveProperty('model')
	expect(loads).toHaveLength(3)
	cache.forget('a')
	await open('a', 5)
	expect(loads).toHaveLength(3)
})

it('keeps nothing of a load that throws, and rejects for all that waited', async () => {
	const cache = modelCache(100, () => 0)
	const fail = () => Promise.reject(new Error('disk'))
	const both = [cache.open('a', fail), cache.open('a', fail)]
	for (const one of both) await expect(one).rejects.toThrow('disk')
	expect(await cache.open('a', async () => loaded(1))).toHaveProperty('model')
})
