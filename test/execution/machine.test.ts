import fc from 'fast-check'
import { test } from 'vitest'
import { cases } from './cases.ts'
import { openMachine } from './machine.ts'

test('whatever happens to a request, it is carried out at most once, by enough votes, and its story is complete', async () => {
	const { run, close } = await openMachine()
	try {
		await fc.assert(fc.asyncProperty(cases, run), { numRuns: 200 })
	} finally {
		await close()
	}
})
