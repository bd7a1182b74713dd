import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { creditPath, hasPeers, runPeers } from '../support/peers.ts'
import {
	checkContributions,
	checkInteractions,
	checkInterventional,
	checkReplay,
	openCase,
	readCases,
} from './golden/case.ts'

describe.runIf(hasPeers('python'))(
	'models that the real XGBoost and LightGBM train and answer for now',
	() => {
		let folder = ''

		beforeAll(() => {
			folder = mkdtempSync(join(tmpdir(), 'plumbline-peers-'))
			runPeers('test/explain/golden/big.py', [folder, ...(hasPeers('credit') ? [creditPath] : [])])
		})

		afterAll(() => rmSync(folder, { recursive: true, force: true }))

		test('10,000 rows a model are replayed to the bit, explained within 2e-6 and 1e-9', () => {
			const faults: string[] = []
			let rows = 0
			for (const name of readdirSync(folder)) {
				for (const one of readCases(readFileSync(join(folder, name)))) {
					const model = openCase(one)
					rows += one.rows.length
					for (const check of [checkReplay, checkContributions, checkInterventional, checkInteractions]) {
						try {
							check(one, model)
						} catch (error) {
							faults.push(`${one.name}, ${check.name}: ${error}`)
						}
					}
				}
			}
			expect(faults).toEqual([])
			expect(rows).toBeGreaterThan(500_000)
		})
	},
)
