import { ByteReader, ByteWriter } from '../summaries/inputs/bytes.ts'
import type { MetricValue } from './metric-value.ts'
import { readMetricValues, writeMetricValues } from './outcome-encoding.ts'

/** What is known of a window by its contributions: metric id to finding, of the window and by feature. */
export type AttributionResult = {
	/** Rows that the reference's contributions stand for. */
	reference: number
	findings: Map<string, MetricValue>
	features: Map<string, Map<string, MetricValue>>
}

const formatVersion = 1

export function encodeAttributions(result: AttributionResult): Uint8Array<ArrayBuffer> {
	const out = new ByteWriter()
	out.byte(formatVersion)
	out.varint(result.reference)
	writeMetricValues(out, result.findings)
	out.varint(result.features.size)
	for (const [feature, findings] of result.features) {
		out.text(feature)
		writeMetricValues(out, findings)
	}
	return out.bytes()
}

export function decodeAttributions(bytes: Uint8Array): AttributionResult {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version !== formatVersion) throw new RangeError(`attribution format ${version} is not known`)
	const reference = input.varint()
	const findings = readMetricValues(input)
	const features: AttributionResult['features'] = new Map()
	for (let left = input.varint(); left > 0; left--) features.set(input.text(), readMetricValues(input))
	return { reference, findings, features }
}
