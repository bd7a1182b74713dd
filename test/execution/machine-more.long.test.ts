import fc from 'fast-check'
import { test } from 'vitest'
import { cases } from './cases.ts'
import { openMachines } from './machines.ts'

// Ten thousand requests in two files, which run side by side.
test('five thousand more requests, each under other circumstances, are carried out at most once, and none is stuck', {
	timeout: 3 * 3_600_000,
}, async () => {
	const { run, close } = await openMachines()
	try {
		await fc.assert(fc.asyncProperty(cases, run), { numRuns: 5000, seed: 20260302 })
	} finally {
		await close()
	}
})
