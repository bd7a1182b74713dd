import { expect, it } from 'vitest'
import { decodeOutcomes, encodeOutcomes } from '../../../src/metrics/outcome-encoding.ts'
import { summariseOutcomes } from '../../../src/metrics/outcome-result.ts'
import { OutcomeView } from '../../../src/metrics/outcome-view.ts'
import { ByteWriter } from '../../../src/summaries/inputs/bytes.ts'
import { type Brief, decodeBrief, encodeBrief } from '../../../src/summaries/outcomes/brief.ts'
import { addOutcome, addPrediction } from '../../../src/summaries/outcomes/contribute.ts'
import { decodeTally, encodeTally } from '../../../src/summaries/outcomes/encoding.ts'
import { emptyTally } from '../../../src/summaries/outcomes/tally.ts'

function tallyOf(texts: readonly string[]) {
	const tally = emptyTally()
	texts.forEach((text, i) => {
		const row = {
			score: i / 10,
			decision: '+',
			query: '',
			probabilities: [],
			groups: [['sex', 'f']] as const,
		}
		addPrediction(tally, 'binary', row)
		const actual = text === '+' || text === '-' ? { text, value: Number.NaN } : undefined
		addOutcome(tally, 'binary', row, { observed: true, actual, text }, 1)
	})
	return tally
}

/** A text as it stands in bytes. */
function textBytes(text: string): Uint8Array {
	const out = new ByteWriter()
	out.text(text)
	return out.bytes()
}

it('a tally keeps what was no label, and one of before still reads', () => {
	const tally = tallyOf(['+', '-', 'refer', 'refer', 'NA'])
	expect([...decodeTally(encodeTally(tally)).unknown]).toEqual([
		['NA', 1],
		['refer', 2],
	])
	const bytes = encodeTally({ ...tally, unknown: new Map() })
	const old = Uint8Array.from([1, ...bytes.subarray(1, -1)])
	expect(decodeTally(old)).toMatchObject({ predictions: 5, labelled: 2, unusable: 3, unknown: new Map() })
})

it('a window keeps which decision was favourable, and one of before still reads', () => {
	const result = summariseOutcomes(new OutcomeView('binary', tallyOf(['+', '-'])), 'negative')
	const bytes = encodeOutcomes(result)
	expect(decodeOutcomes(bytes).favourable).toBe('negative')
	// Five small counts stand before the byte that was added.
	const old = decodeOutcomes(Uint8Array.from([1, ...bytes.subarray(1, 6), ...bytes.subarray(7)]))
	expect(old.favourable).toBeUndefined()
	expect([...old.findings.keys()]).toEqual([...result.findings.keys()])
})

it('a brief keeps both labels, and one of before still reads', () => {
	const none = { values: [], codes: new Uint16Array(1).fill(0xffff) }
	const brief: Brief = {
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
	const bytes = encodeBrief(brief)
	expect(decodeBrief(bytes)).toEqual(brief)
	const [now, then] = [textBytes('["bad","good"]'), textBytes('"bad"')]
	const old = decodeBrief(Uint8Array.from([1, 1, ...then, ...bytes.subarray(2 + now.length)]))
	expect(old).toEqual({ ...brief, negativeLabel: null })
})
