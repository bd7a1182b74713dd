import { describe, expect, it } from 'vitest'
import { decide, decisionRule } from '../../../src/decisions/explanation/decision.ts'
import type { ModelMoment } from '../../../src/registry/model/model-history.ts'

const moment = (positiveLabel: string) => ({ task: 'binary', positiveLabel, threshold: 0.5 }) as ModelMoment

describe('which scores are bad for the person', () => {
	it.each(['1', 'default', 'declined', 'bad', 'unpaid', 'not approved'])('are high ones of %s', (label) => {
		expect(decisionRule(moment(label), {}, 'log-odds').adverse).toBe('high')
	})

	it.each(['approved', 'Approve', 'accepted', 'good', 'repaid', 'granted'])('are low ones of %s', (label) => {
		const rule = decisionRule(moment(label), {}, 'log-odds')
		expect(rule.adverse).toBe('low')
		expect(decide(rule, { score: 0.9 })).toMatchObject({ decision: label, adverse: false })
		expect(decide(rule, { label: 'declined' })).toMatchObject({ adverse: true })
	})

	it('are what the manifest says, whatever the label is called', () => {
		expect(decisionRule(moment('approved'), { adverse: 'high' }, 'log-odds').adverse).toBe('high')
		expect(decisionRule(moment('1'), {}, 'points').adverse).toBe('low')
	})
})
