import { ByteReader, ByteWriter } from '../summaries/inputs/bytes.ts'
import type { MetricValue } from './metric-value.ts'
import type { OutcomeResult } from './outcome-result.ts'

const formatVersion = 2
/** Before version 2 nobody said which decision was favourable. */
const favourables = [undefined, 'positive', 'negative'] as const
const totals = ['predictions', 'labelled', 'never', 'unusable', 'corrections'] as const
const trusted = 32
const doubtful = 64
const failed = 128
const numbers = ['value', 'low', 'high', 'p', 'q'] as const

/** A window's outcomes as bytes: ids and reasons as text, counts as variable-length integers, the rest as doubles. */
export function encodeOutcomes(result: OutcomeResult): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	for (const name of totals) out.varint(Math.max(0, result[name]))
	out.byte(favourables.indexOf(result.favourable))
	writeMetricValues(out, result.findings)
	out.varint(result.attributes.size)
	for (const [attribute, { findings, groups }] of result.attributes) {
		out.text(attribute)
		writeMetricValues(out, findings)
		out.varint(groups.size)
		for (const [value, counts] of groups) {
			out.text(value)
			out.varint(counts.length)
			for (const count of counts) out.varint(Math.max(0, count))
		}
	}
	return out.bytes()
}

export function writeMetricValues(out: ByteWriter, findings: ReadonlyMap<string, MetricValue>): void {
	out.varint(findings.size)
	for (const [id, finding] of findings) {
		out.text(id)
		const trust = finding.trust === undefined ? 0 : finding.trust === 'ok' ? trusted : doubtful
		const marks = trust | (finding.failed ? failed : 0)
		out.byte(
			numbers.reduce((flags, name, i) => (Number.isNaN(finding[name]) ? flags : flags | (1 << i)), marks),
		)
		for (const name of numbers) if (!Number.isNaN(finding[name])) out.double(finding[name])
		out.varint(finding.n)
		out.text(finding.reason ?? '')
	}
}

export function decodeOutcomes(bytes: Uint8Array): OutcomeResult {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version < 1 || version > formatVersion) throw new RangeError(`outcome format ${version} is not known`)
	const [predictions, labelled, never, unusable, corrections] = totals.map(() => input.varint()) as [
		number,
		number,
		number,
		number,
		number,
	]
	const favourable = version === 1 ? undefined : favourables[input.byte()]
	const findings = readMetricValues(input)
	const attributes: OutcomeResult['attributes'] = new Map()
	for (let left = input.varint(); left > 0; left--) {
		const attribute = input.text()
		const own = readMetricValues(input)
		const groups = new Map<string, number[]>()
		for (let values = input.varint(); values > 0; values--) {
			const value = input.text()
			groups.set(
				value,
				Array.from({ length: input.varint() }, () => input.varint()),
			)
		}
		attributes.set(attribute, { findings: own, groups })
	}
	return { predictions, labelled, never, unusable, corrections, favourable, findings, attributes }
}

export function readMetricValues(input: ByteReader): Map<string, MetricValue> {
	const findings = new Map<string, MetricValue>()
	for (let left = input.varint(); left > 0; left--) {
		const id = input.text()
		const flags = input.byte()
		const [value, low, high, p, q] = numbers.map((_, i) =>
			(flags >> i) & 1 ? input.double() : Number.NaN,
		) as [number, number, number, number, number]
		const n = input.varint()
		const reason = input.text()
		const trust = flags & trusted ? 'ok' : flags & doubtful ? 'doubtful' : undefined
		findings.set(id, {
			value,
			low,
			high,
			p,
			q,
			n,
			...(trust ? { trust } : {}),
			...(flags & failed ? { failed: true as const } : {}),
			...(reason === '' ? {} : { reason }),
		})
	}
	return findings
}
