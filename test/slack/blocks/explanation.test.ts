import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawExplanation } from '../../../src/decisions/explanation/draw-explanation.ts'
import { hideValues } from '../../../src/decisions/explanation/explain-prediction.ts'
import type { Explanation } from '../../../src/decisions/explanation/explanation.schema.ts'
import { explanationMessage, pictureMessage } from '../../../src/slack/blocks/explanation.ts'
import { escapeText } from '../../../src/slack/blocks/text.ts'
import { textView } from '../../../src/slack/blocks/view.ts'
import { whatIfView } from '../../../src/slack/blocks/what-if.ts'
import { explanation } from '../../support/answered-why.ts'
import { checkMessage, checkView } from '../../support/block-kit.ts'

const shown = (e: Explanation): string => {
	const message = explanationMessage(e, 'ask_1')
	expect(checkMessage(message)).toEqual([])
	return JSON.stringify(message.blocks)
}
const values = /97|north|p97|12% same|= 2/

describe('the answer to why', () => {
	it('has decision, reasons, contributions with values, what would have changed it, and where it comes from', () => {
		const { text } = explanationMessage(explanation, 'ask_1')
		const all = shown(explanation)
		for (const said of [
			'*Decision 1*, against the applicant: score *0.71*; the cut-off was 0.5, 2026-03-01 12:00 UTC. The replay matches the logged score.',
			'1. Delinquent credit obligations (`R01`)',
			'PAY_0 from 2 to 0: score 0.34, decision 0 (no smaller change does)',
			'No incident was open on the model at that time.',
			'artefact xgboost-json sha256 abab',
			'data sha256:data',
			'ledger entry 41',
		]) {
			expect(all).toContain(said)
			expect(text).toContain(said)
		}
		expect(all).toMatch(/PAY_0 = 2 {21}│█{10} {3}\+1\.6 p97/)
		expect(all).toMatch(/LIMIT_BAL = missing {10}█│ {11}-0\.105/)
		expect(all).toContain('"action_id":"why_what_if"')
	})

	it('begins with the replay when it does not match or cannot be done', () => {
		const mismatched = {
			status: 'mismatched',
			logged: 0.71,
			replayed: 0.62,
			reason: 'they differ by 0.09',
		} as const
		const first = explanationMessage({ ...explanation, replay: mismatched }, 'q').blocks[2] as unknown as {
			text: { text: string }
		}
		expect(first.text.text).toMatch(
			/^:red_circle: \*The replay does not match\.\* .*gives 0\.62, the logged score is 0\.71: they differ/,
		)
		const unavailable = {
			...mismatched,
			status: 'unavailable',
			replayed: null,
			reason: 'no artefact',
		} as const
		expect(shown({ ...explanation, replay: unavailable })).toContain('could not be replayed*: no artefact')
		expect(drawExplanation({ ...explanation, replay: mismatched })?.svg).toContain(
			'>The registered model answers 0.62; logged was 0.71<',
		)
	})

	it('has every sentence once, even where one fault is why several parts are missing', () => {
		const why = 'the model answers 0.62'
		const all = shown({
			...explanation,
			replay: { status: 'mismatched', logged: 0.71, replayed: 0.62, reason: why },
			explanation: { status: 'exact', reason: 'this explains the registered artefact' },
			reasons: [],
			reasonsStatus: { status: 'withheld', reason: `It did not give the score: ${why}.`, missing: [] },
			counterfactuals: [],
			counterfactualsStatus: { status: 'withheld', reason: `It did not give the score: ${why}.` },
		})
		expect(all.split(why).length - 1).toBe(1)
		expect(all.split('It did not give the score').length - 1).toBe(1)
		expect(all).not.toContain(': .')
	})

	it('says which reasons are missing, and whom its parts compare with', () => {
		const reason =
			'The reason table lacks LIMIT_BAL, among the principal reasons: add it before a notice is sent.'
		const all = shown({
			...explanation,
			reasonsStatus: { status: 'incomplete', reason, missing: ['LIMIT_BAL'] },
		})
		expect(all).toContain('(incomplete: The reason table lacks LIMIT_BAL')
		expect(all).toContain(
			'Contributions compare with what the model file expects, reasons with approved applicants near the cut-off.',
		)
	})

	it('shows three digits of numbers that are not whole, and cuts texts between words', () => {
		const [first, second] = explanation.contributions
		const all = shown({
			...explanation,
			score: 0.712345,
			contributions: [
				{ ...first, value: 0.123456789, contribution: 1.23456 } as never,
				{ ...second, feature: 'months since the last payment was missed', value: 51234.5678 } as never,
			],
		})
		expect(all).not.toMatch(/\d\.\d{4}/)
		expect(all).toContain('51235')
		expect(all).toMatch(/months since the last… = 51235/)
	})

	it('says why there are no reasons, contributions or changes', () => {
		const all = shown({
			...explanation,
			base: null,
			margin: null,
			contributions: [],
			explanation: { status: 'unavailable', reason: 'the version has no artefact' },
			reasons: [],
			reasonsStatus: { status: 'withheld', reason: 'the replay does not match', missing: [] },
			counterfactuals: [],
			counterfactualsStatus: { status: 'none', reason: 'income may only grow' },
			incidents: [
				{
					id: 'inc_1',
					title: 'PAY_0 has drifted',
					severity: 'critical',
					openedAt: '2026-02-28T00:00:00.000Z',
				},
			],
		})
		expect(all).toContain('*Reasons*: withheld: the replay does not match.')
		expect(all).toContain('*Contributions*: not available: the version has no artefact.')
		expect(all).toContain('income may only grow')
		expect(all).toContain('critical: PAY_0 has drifted')
		expect(all).not.toContain('why_what_if')
	})

	it('has no values for those who may not see them, neither in the text nor in the picture', () => {
		const hidden = { ...explanation, ...hideValues(explanation) }
		const drawn = drawExplanation(hidden)
		expect(shown(explanation)).toMatch(values)
		for (const all of [shown(hidden), explanationMessage(hidden, 'q').text, drawn?.svg, drawn?.alt]) {
			expect(all).toContain('PAY_0')
			expect(all).not.toMatch(values)
		}
		expect(shown(hidden)).toContain('Delinquent credit obligations')
		expect(shown(hidden)).not.toContain('why_what_if')
	})

	it('labels what is not an exact explanation', () => {
		const [first] = explanation.contributions
		const estimated = {
			...explanation,
			contributions: [{ feature: 'PAY_0', contribution: 1.6, standardError: 0.02, ...first }],
		}
		expect(shown(estimated)).toContain('+1.6 ±0.02')
		expect(shown({ ...explanation, explanation: { status: 'estimate', reason: null } })).toContain(
			'An estimate, not exact.',
		)
		expect(shown({ ...explanation, explanation: { status: 'sent', reason: null } })).toContain(
			'As sent by the service',
		)
	})
})

describe('the picture', () => {
	it('carries its words as alt text and as the text of the message', () => {
		const drawn = drawExplanation(explanation)
		if (!drawn) throw new Error('nothing drawn')
		const message = pictureMessage('F0123456789', drawn)
		expect(checkMessage(message)).toEqual([])
		expect(message.blocks[0]).toMatchObject({
			type: 'image',
			slack_file: { id: 'F0123456789' },
			alt_text: drawn.alt,
		})
		expect(drawn.alt).toContain('From a base of −1.2 (23%) log-odds: PAY_0 (2) +1.6, REGION (north) +0.6')
		expect(drawn.svg).toContain('>cut-off<')
	})

	it('has the scale of the model: no probabilities for several classes, no cut-off for them', () => {
		const many = drawExplanation({ ...explanation, output: 'b', probability: null })
		expect(many?.svg).not.toContain('>probability<')
		expect(many?.svg).not.toContain('>cut-off<')
		const points = drawExplanation({ ...explanation, space: 'points', probability: null, threshold: 500 })
		expect(points?.svg).toContain('>cut-off<')
	})
})

describe('what is sent', () => {
	const text = fc.oneof(
		fc.string({ unit: 'binary', maxLength: 300 }),
		fc.constantFrom('<!channel> & <@U1>', 'x'.repeat(1024)),
	)
	const number = fc.double({ noNaN: true, noDefaultInfinity: true })
	const value = fc.oneof(text, number, fc.boolean(), fc.constant(null))
	const contribution = fc.record({
		feature: text,
		value,
		contribution: number,
		percentile: fc.option(fc.double({ noNaN: true, min: 0, max: 100 })),
	})
	const wild = fc.record({
		predictionId: text,
		model: text,
		version: text,
		environment: text,
		decision: fc.option(text),
		contributions: fc.array(contribution, { maxLength: 40 }),
		notes: fc.array(fc.record({ feature: text, code: fc.constant('missing' as const), message: text }), {
			maxLength: 40,
		}),
		reasons: fc.array(
			fc.record({ code: text, text, features: fc.constant([]), contribution: fc.constant(1) }),
			{ maxLength: 5 },
		),
		counterfactuals: fc.array(
			fc.record({
				changes: fc.dictionary(text, value),
				from: fc.dictionary(text, value),
				score: number,
				decision: text,
				proven: fc.boolean(),
			}),
			{ maxLength: 5 },
		),
		incidents: fc.array(
			fc.record({ id: text, title: text, severity: text, openedAt: fc.constant('2026-03-01T12:00:00.000Z') }),
			{ maxLength: 9 },
		),
		replay: fc.record({
			status: fc.constantFrom('matched', 'mismatched', 'unavailable'),
			logged: fc.option(number),
			replayed: fc.option(number),
			reason: fc.option(text),
		}),
	})

	it('keeps to the limits of Slack and mentions nobody, whatever the names are', () => {
		fc.assert(
			fc.property(wild, text, (parts, typed) => {
				const whole = { ...explanation, ...parts } as unknown as Explanation
				const drawn = drawExplanation(whole)
				const messages = [
					explanationMessage(whole, 'ask_1'),
					...(drawn ? [pictureMessage('F0123456789', drawn)] : []),
				]
				for (const message of messages) {
					expect(checkMessage(message)).toEqual([])
					const markup = message.blocks.filter((b) => !['header', 'actions', 'image'].includes(b.type))
					expect(JSON.stringify([message.text, markup])).not.toMatch(/<[!@]/)
				}
				const fields = [...new Map(whole.contributions.map((c) => [c.feature.slice(0, 150), c])).values()]
					.slice(0, 10)
					.map((c) => ({
						feature: c.feature || 'f',
						value: c.value,
						type: 'categorical' as const,
						values: ['a', 'b', typed],
					}))
				for (const view of [whatIfView('ask_1', whole, fields), textView(escapeText(typed) || 'x')])
					expect(checkView(view)).toEqual([])
			}),
			{ numRuns: 300 },
		)
	})
})
