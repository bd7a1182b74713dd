import { describe, expect, it } from 'vitest'
import { BoundedCache } from '../../src/core/bounded-cache.ts'

describe('a bounded cache', () => {
	it('drops the entry that was used longest ago', () => {
		const cache = new BoundedCache<string, number>({ max: 2 })
		cache.set('a', 1)
		cache.set('b', 2)
		expect(cache.get('a')).toBe(1)
		cache.set('c', 3)
		expect(['a', 'b', 'c'].map((key) => cache.get(key))).toEqual([1, undefined, 3])
	})

	it('keeps its size within the limit, and counts a replaced entry once', () => {
		const removed: string[] = []
		const cache = new BoundedCache<string, string>({
			maxSize: 10,
			sizeOf: (text) => text.length,
			onRemove: (_, key) => removed.push(key),
		})
		cache.set('a', '1234')
		cache.set('a', '123')
		cache.set('b', '12345')
		expect(cache.size).toBe(8)
		cache.set('c', '123')
		expect(cache.size).toBe(8)
		expect(removed).toEqual(['a', 'a'])
		cache.clear()
		expect([cache.size, cache.count]).toEqual([0, 0])
	})

	it('does not keep what is too large, and keeps the others', () => {
		const cache = new BoundedCache<string, string>({ maxSize: 3, sizeOf: (text) => text.length })
		cache.set('a', '123')
		cache.set('b', '1234')
		expect([cache.get('a'), cache.get('b')]).toEqual(['123', undefined])
	})

	it('makes a value once', () => {
		const cache = new BoundedCache<number, number>({ max: 5 })
		let made = 0
		const make = (n: number) => {
			made++
			return n * n
		}
		expect([cache.getOrInsert(3, make), cache.getOrInsert(3, make), made]).toEqual([9, 9, 1])
	})
})
