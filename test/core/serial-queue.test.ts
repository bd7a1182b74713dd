import { expect, it } from 'vitest'
import { SerialQueue } from '../../src/core/serial-queue.ts'

it('runs one piece of work at a time, in the order of the calls, and goes on after a failure', async () => {
	const queue = new SerialQueue()
	const log: string[] = []
	const work = (name: string, fails = false) =>
		queue.run(async () => {
			log.push(`${name} begins`)
			await new Promise((resolve) => setTimeout(resolve, 1))
			log.push(`${name} ends`)
			if (fails) throw new Error(name)
			return name
		})
	const results = await Promise.allSettled([work('a'), work('b', true), work('c')])
	expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
	expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})
