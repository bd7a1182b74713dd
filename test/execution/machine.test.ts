import fc from 'fast-check'
import { test } from 'vitest'
import { type Case, cases } from './cases.ts'
import { openMachine } from './machine.ts'

/** What serves is changed by somebody else between the read-back and the commit of `verified`. */
const movedWhileVerifying: Case = {
	usually: 'done',
	pointer: true,
	canRead: true,
	canPoll: false,
	coolingOff: 0,
	ops: [
		{ op: 'vote', key: 'bob', vote: 'approve' },
		{ op: 'vote', key: 'eve', vote: 'approve' },
		{ op: 'execute', faults: [{ at: 10, how: 'busy' }] },
		{ op: 'result', status: 'done' },
		{ op: 'execute', faults: [undefined] },
		{ op: 'moved' },
	],
}

test('whatever happens to a request, it is carried out at most once, by enough votes, and its story is complete', async () => {
	const { run, close } = await openMachine()
	try {
		await fc.assert(fc.asyncProperty(cases, run), {
			numRuns: 200,
			examples: Array.from({ length: 5 }, (): [Case] => [movedWhileVerifying]),
		})
	} finally {
		await close()
	}
})
