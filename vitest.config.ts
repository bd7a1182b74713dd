import { defineConfig } from 'vitest/config'

const pure = ['core', 'stats', 'metrics', 'profile', 'explain', 'rules', 'ledger', 'house']
const processes = ['runtimes', 'pack', 'end-to-end']
const inFolders = (names: readonly string[]) => [`test/{${names.join(',')}}/**/*.test.ts`]

// In CI the counts are taken from this file: a reporter's text is for people.
const report: ['json', { outputFile: string }] = ['json', { outputFile: 'node_modules/.cache/vitest.json' }]

const setupFiles = ['test/support/setup.ts']

export default defineConfig({
	test: {
		// Vitest leaves one core to itself, which on two cores is half of the machine.
		maxWorkers: '100%',
		reporters: process.env.CI ? ['default', report] : ['default'],
		projects: [
			{ test: { name: 'unit', include: inFolders(pure), setupFiles, sequence: { groupOrder: 0 } } },
			{
				test: {
					name: 'service',
					setupFiles,
					include: ['test/**/*.test.ts'],
					exclude: inFolders([...pure, ...processes]),
					testTimeout: 30_000,
					hookTimeout: 30_000,
					sequence: { groupOrder: 1 },
				},
			},
			{
				test: {
					name: 'runtime',
					include: inFolders(processes),
					testTimeout: 300_000,
					hookTimeout: 300_000,
					// They start servers and measure them: one at a time.
					fileParallelism: false,
					sequence: { groupOrder: 2 },
				},
			},
		],
	},
})
