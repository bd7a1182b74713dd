import { describe, expect, it } from 'vitest'
import { metricIds } from '../../src/metrics/index.ts'
import { parseRules } from '../../src/rules/parse-rules.ts'

const faults = async (members: Record<string, string>) => {
	const text = `rules:\n  - name: one\n${Object.entries(members)
		.map(([name, value]) => `    ${name === 'actions' ? 'then' : name}: ${value}\n`)
		.join('')}`
	const parsed = await parseRules([{ name: 'a.yaml', text }], metricIds)
	return parsed.ok ? '' : parsed.errors.map((e) => `${e.rule} ${e.line} ${e.message}`).join('\n')
}

describe('a rule that can never fire is refused', () => {
	it.each([
		[
			{ when: 'drift.psi > 0.1' },
			'one 3 when: drift.psi is not available with each: model. Use each: feature or segment',
		],
		[{ each: 'group', when: 'drift.psi > 0.1' }, 'not available with each: group'],
		[{ each: 'feature', when: 'fairness.tpr < 0.2' }, 'Use each: group'],
		[{ each: 'segment', when: 'fairness.demographic_parity_ratio < 0.8' }, 'Use each: group'],
		[{ each: 'segment', window: '1d', when: 'drift.attribution > 0.1' }, 'Use each: feature'],
		[{ when: 'baseline.null_rate > 0.1' }, 'Use each: feature or segment'],
		[{ each: 'feature', when: 'feed.stopped' }, 'Use each: model'],
		[{ each: 'segment', when: 'job.missed' }, 'Use each: model'],
		[
			{ each: 'feature', when: 'quality.unseen_categories.q < 0.1' },
			'quality.unseen_categories has only its value',
		],
		[{ each: 'feature', when: 'drift.psi.low > 0.1' }, 'drift.psi has only its value, .p, .q'],
		[{ when: 'performance.roc_auc.q < 0.1' }, 'has only its value, .low, .high'],
		[{ when: 'concept.adwin.p < 0.1', window: '1d' }, 'has only its value'],
		[{ when: 'concept.adwin >= 1' }, 'for days and weeks, not for hours'],
		[{ when: 'n > 5 && n < 3' }, 'can never be true: n is 0 or more and cannot be > 5 and < 3'],
		[{ when: 'n > 5 && !(n > 3)' }, 'can never be true'],
		[{ when: 'performance.roc_auc > 1.2' }, 'performance.roc_auc is from 0 to 1 and cannot be > 1.2'],
		[{ when: 'service.error_rate >= 5 && n > 3' }, 'is from 0 to 1'],
		[{ each: 'feature', when: 'drift.q < 0' }, 'can never be true'],
		[{ each: 'feature', when: '"drift.detected > 1 || drift.p > 1"' }, 'can never be true'],
		[{ each: 'feature', when: 'drift.psi < 0' }, 'drift.psi is 0 or more'],
		[{ each: 'feature', when: 'drift.js > 1' }, 'can never be true'],
		[{ when: '1 > 2' }, 'can never be true'],
		[{ when: '"severity == \'high\' && n > 3"' }, 'severity is one of info, warning, critical'],
		[{ when: '"severity == \'critical\' && n > 3"' }, 'can never be true'],
		[
			{ when: 'n > 3', actions: '[{ propose-rollback: { if: "severity == \'high\'" } }]' },
			'if: can never be true',
		],
		[
			{ when: 'n > 3', actions: "[{ request-retraining: { if: 'drift.psi > 0.2' } }]" },
			'if: drift.psi is not available',
		],
		[{ when: 'n > 3', metric: 'drift.psi' }, 'metric: drift.psi is not available'],
		[{ when: 'n > 3', actions: "[{ notify: { channel: '#' } }]" }, 'must be a channel'],
		[{ when: 'n > 3', actions: "[{ notify: { channel: 'ml alerts' } }]" }, 'must be a channel'],
	])('%j', async (members, message) => {
		expect(await faults(members)).toContain(message)
	})

	it.each([
		['drift.psi > 0.1', 'drift.psi < 100.0', 'is true where `when` is, for example at drift.psi = 50'],
		['drift.psi > 0.1', 'drift.psi > 0.05', 'is true whenever `when` is'],
		['drift.psi > 0.1 && n >= 100', 'n >= 50', 'is true whenever `when` is'],
		['drift.psi > 0.1', 'drift.q > 2', 'clear: can never be true'],
		['drift.psi > drift.effect', 'drift.psi > drift.effect', 'is true whenever `when` is'],
	])('when %s with clear %s', async (when, clear, message) => {
		expect(await faults({ each: 'feature', when, clear })).toContain(message)
	})
})

it.each([
	[{ each: 'feature', when: 'drift.psi >= 0.2 && drift.q <= 0.05', clear: 'drift.psi < 0.2' }],
	[{ each: 'feature', when: 'drift.psi >= 0.2', clear: 'drift.psi <= 0.2' }],
	[{ each: 'feature', when: 'drift.psi >= 0.2', clear: 'drift.effect < 0.03' }],
	[
		{
			each: 'feature',
			when: 'quality.null_rate >= 2.0 * baseline.null_rate',
			clear: 'quality.null_rate < 0.02',
		},
	],
	[{ each: 'feature', when: 'service.error_rate > 0.2' }],
	[{ each: 'group', when: 'performance.roc_auc.high < 0.6 && fairness.tpr.low > 0.5' }],
	[{ when: 'performance.r2 < -1', window: '7d' }],
	[{ when: 'performance.coverage_gap.p <= 0.001', window: '7d' }],
	[{ when: '(n == 4 || n in [5, 6]) && !(n < 3)' }],
])('a rule that can fire is taken: %j', async (members) => {
	expect(await faults(members)).toBe('')
})
