import { existsSync, statfsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const pure = ['core', 'stats', 'metrics', 'summaries', 'explain', 'charts', 'rules', 'ledger', 'house']
// What starts processes, or intercepts the requests of its own: a worker for each file.
const processes = ['runtimes', 'pack', 'end-to-end', 'attack', 'slack']
const inFolders = (names: readonly string[]) => [`test/{${names.join(',')}}/**/*.test.ts`]
const peers = ['test/**/*.peers.test.ts']
const long = ['test/**/*.long.test.ts']
const elsewhere = [...peers, ...long]

// Counts are taken from this file: a reporter's text is for people.
const report = process.env.TEST_REPORT

// Files of a worker share their modules: none of ours keeps state, and loading them is half of the time otherwise.
const shared = { isolate: false }

// Databases of tests wait for the disk at every commit, which is most of their time: they are in memory where that has room.
const memory = '/dev/shm'
const neededBytes = 4 * 2 ** 30
const hasRoom = existsSync(memory) && statfsSync(memory).bavail * statfsSync(memory).bsize > neededBytes

// Nothing depends on the speed of the machine: a timeout only ends what hangs.
const patient = {
	setupFiles: ['test/support/setup.ts'],
	testTimeout: 300_000,
	hookTimeout: 300_000,
	expect: { poll: { timeout: 60_000 } },
	// Many tests start the command line: it need not be compiled each time.
	env: {
		NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)),
		...(hasRoom ? { TMPDIR: memory } : {}),
	},
}

export default defineConfig({
	test: {
		// Vitest leaves one core to itself, which on two cores is half of the machine. Many files wait for processes they start.
		maxWorkers: Math.max(3, availableParallelism()),
		reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
		projects: [
			{
				test: {
					...patient,
					...shared,
					name: 'unit',
					include: inFolders(pure),
					exclude: elsewhere,
					sequence: { groupOrder: 0 },
				},
			},
			{
				test: {
					...patient,
					...shared,
					name: 'service',
					include: ['test/**/*.test.ts'],
					exclude: [...inFolders([...pure, ...processes]), ...elsewhere],
					sequence: { groupOrder: 1 },
				},
			},
			{
				test: {
					...patient,
					name: 'runtime',
					include: inFolders(processes),
					exclude: elsewhere,
					sequence: { groupOrder: 2 },
				},
			},
			{
				test: {
					...patient,
					name: 'peers',
					include: peers,
					globalSetup: ['test/support/peers-setup.ts'],
					sequence: { groupOrder: 3 },
				},
			},
			{ test: { ...patient, name: 'long', include: long, sequence: { groupOrder: 4 } } },
		],
	},
})
