import { expect, it } from 'vitest'
import { summariseOutcomes } from '../../../src/metrics/outcome-result.ts'
import { OutcomeView } from '../../../src/metrics/outcome-view.ts'
import { decodeOutcomes, encodeOutcomes } from '../../../src/metrics/result-encoding.ts'
import { ByteWriter } from '../../../src/summaries/inputs/bytes.ts'
import { addOutcome, addPrediction } from '../../../src/summaries/outcomes/contribute.ts'
import { decodeOutcomeSummary, encodeOutcomeSummary } from '../../../src/summaries/outcomes/encoding.ts'
import {
	decodeJoinIndex,
	encodeJoinIndex,
	type JoinIndex,
} from '../../../src/summaries/outcomes/join-index.ts'
import { emptyOutcomeSummary } from '../../../src/summaries/outcomes/outcome-summary.ts'

function outcomeSummaryOf(texts: readonly string[]) {
	const outcomeSummary = emptyOutcomeSummary()
	texts.forEach((text, i) => {
		const row = {
			score: i / 10,
			decision: '+',
			query: '',
			probabilities: [],
			groups: [['sex', 'f']] as const,
		}
		addPrediction(outcomeSummary, 'binary', row)
		const actual = text === '+' || text === '-' ? { text, value: Number.NaN } : undefined
		addOutcome(outcomeSummary, 'binary', row, { observed: true, actual, text }, 1)
	})
	return outcomeSummary
}

/** A text as bytes. */
function textBytes(text: string): Uint8Array {
	const out = new ByteWriter()
	out.text(text)
	return out.bytes()
}

it('an outcome summary keeps unusable labels, and the previous format can be read', () => {
	const outcomeSummary = outcomeSummaryOf(['+', '-', 'refer', 'refer', 'NA'])
	expect([...decodeOutcomeSummary(encodeOutcomeSummary(outcomeSummary)).unknown]).toEqual([
		['NA', 1],
		['refer', 2],
	])
	const bytes = encodeOutcomeSummary({ ...outcomeSummary, unknown: new Map() })
	const old = Uint8Array.from([1, ...bytes.subarray(1, -1)])
	expect(decodeOutcomeSummary(old)).toMatchObject({
		predictions: 5,
		labelled: 2,
		unusable: 3,
		unknown: new Map(),
	})
})

it('a window keeps the favourable decision, and the previous format can be read', () => {
	const result = summariseOutcomes(new OutcomeView('binary', outcomeSummaryOf(['+', '-'])), 'negative')
	const bytes = encodeOutcomes(result)
	expect(decodeOutcomes(bytes).favourable).toBe('negative')
	// Five small counts stand before the byte that was added.
	const old = decodeOutcomes(Uint8Array.from([1, ...bytes.subarray(1, 6), ...bytes.subarray(7)]))
	expect(old.favourable).toBeUndefined()
	expect([...old.values.keys()]).toEqual([...result.values.keys()])
})

it('a join index keeps both labels, and the previous format can be read', () => {
	const none = { values: [], codes: new Uint16Array(1).fill(0xffff) }
	const joinIndex: JoinIndex = {
		rows: 1,
		positiveLabel: 'bad',
		negativeLabel: 'good',
		checks: new Uint32Array([7]),
		hours: new Uint8Array([3]),
		scores: new Float64Array([0.5]),
		decisions: { values: ['+'], codes: new Uint16Array([0]) },
		queries: none,
		probabilities: new Map(),
		attributes: new Map(),
		segments: new Map(),
	}
	const bytes = encodeJoinIndex(joinIndex)
	expect(decodeJoinIndex(bytes)).toEqual(joinIndex)
	const [now, then] = [textBytes('["bad","good"]'), textBytes('"bad"')]
	const old = decodeJoinIndex(Uint8Array.from([1, 1, ...then, ...bytes.subarray(2 + now.length)]))
	expect(old).toEqual({ ...joinIndex, negativeLabel: null })
})
