import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { californiaPath, hasPeers } from '../support/peers.ts'
import { plumbline } from '../support/process.ts'

const evaluate = (...args: string[]) => plumbline(['evaluate', ...args])

describe.runIf(hasPeers('california'))('rows without outcomes', () => {
	const common = ['--data', californiaPath('analysis'), '--task', 'binary', '--actual', 'clf_target']
	const columns = ['--score', 'y_pred_proba', '--prediction', 'y_pred']
	const reference = ['--reference', californiaPath('reference')]

	it('are estimated from a reference, within the intervals', async () => {
		const { code, out } = await evaluate(...common, ...columns, ...reference, '--json')
		expect(code).toBe(0)
		const { metrics } = JSON.parse(out)
		expect(metrics['performance.roc_auc'].status).toBe('insufficient')
		// The reference is of other places: what the rows are says so, whatever their scores are.
		expect(metrics['estimated.roc_auc']).toMatchObject({
			status: 'ok',
			trust: 'doubtful',
			reason: expect.stringMatching(/are not in the reference|the features separate these rows/),
			n: 8232,
		})
		// What became of them is known by now: an AUC of .8547, of which the reference could not quite know.
		expect(metrics['estimated.roc_auc'].value).toBeCloseTo(0.862, 2)
		expect(metrics['estimated.roc_auc'].low).toBeLessThan(0.8547)
	})

	it('have the numbers of NannyML with --like nannyml', async () => {
		const expected = JSON.parse(
			readFileSync(new URL('./evaluate/golden/nannyml.json', import.meta.url), 'utf8'),
		)
		const { out } = await evaluate(...common, ...columns, ...reference, '--like', 'nannyml', '--json')
		const { metrics } = JSON.parse(out)
		for (const [name, answer] of Object.entries(expected.metrics) as [string, Record<string, number>][]) {
			const ours = metrics[`estimated.${name}`]
			expect(ours.value, name).toBeCloseTo(answer.value as number, 9)
			// NannyML sorts tied scores of an AUC's error in no order of note.
			const digits = name === 'roc_auc' ? 4 : 9
			expect(ours.low, name).toBeCloseTo(answer.low as number, digits)
			expect(ours.high, name).toBeCloseTo(answer.high as number, digits)
		}
	})

	it('ask for a reference, or for their outcomes', async () => {
		const { code, err } = await evaluate(...common, ...columns)
		expect([code, err]).toEqual([2, expect.stringContaining('There is no column "clf_target".')])
	})
})
