import type { Case } from './cases.ts'
import { openMachine } from './machine.ts'

/** A fresh database every 250 requests: each takes twice as long among thousands. */
export async function openMachines() {
	let machine: Awaited<ReturnType<typeof openMachine>> | undefined
	let runs = 0
	const close = async () => machine?.close()
	const run = async (one: Case) => {
		if (runs++ % 250 === 0) {
			await close()
			machine = await openMachine()
		}
		await machine?.run(one)
	}
	return { run, close }
}
