import { getOrInsert } from '../core/maps.ts'
import { dayMs, hourMs, weekMs, windowStart } from '../core/time.ts'
import { ByteReader, ByteWriter } from '../summaries/inputs/bytes.ts'
import type { RowBatch } from '../summaries/inputs/columns.ts'
import {
	accumulate,
	type DecisionRule,
	emptyInputSummary,
	type InputSummary,
} from '../summaries/inputs/input-summary.ts'
import { mergeBins, type Reference } from './reference.ts'
import { hourOfWeek, minWeeks, type Slots } from './seasons.ts'

const formatVersion = 1
/** Rows without a time are left out; the rest are used only if at least this share has one. */
const minTimed = 0.9

/** How many whole weeks the rows cover; undefined when they are too few or lack times. */
function weeksOf(batches: readonly RowBatch[]): number | undefined {
	let [rows, timed, first, last] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
	for (const { timestamps } of batches)
		for (const at of timestamps) {
			rows++
			if (Number.isNaN(at)) continue
			timed++
			if (at < first) first = at
			if (at > last) last = at
		}
	// First and last day included.
	const weeks = Math.floor((windowStart('1d', last) - windowStart('1d', first) + dayMs) / weekMs)
	return timed >= minTimed * rows && weeks >= minWeeks ? weeks : undefined
}

/** A baseline by hour of week, as bytes; undefined unless its rows cover four weeks. */
export function cutByHourOfWeek(
	reference: Pick<Reference, 'bins' | 'columns'>,
	batches: readonly RowBatch[],
	rule: DecisionRule,
): Uint8Array<ArrayBuffer> | undefined {
	const weeks = weeksOf(batches)
	if (weeks === undefined) return undefined
	const slots = new Map<number, InputSummary>()
	for (const batch of batches) {
		const rowsOf = new Map<number, number[]>()
		batch.timestamps.forEach((at, r) => {
			if (Number.isNaN(at)) return
			getOrInsert(rowsOf, hourOfWeek(at), () => []).push(r)
		})
		for (const [slot, rows] of rowsOf) {
			const inputSummary = getOrInsert(slots, slot, () => emptyInputSummary(reference.bins))
			accumulate(inputSummary, reference.bins, batch, Int32Array.from(rows), rule)
		}
	}
	const out = new ByteWriter()
	out.byte(formatVersion)
	out.varint(weeks)
	out.varint(slots.size)
	for (const [slot, { columns }] of [...slots].sort((a, b) => a[0] - b[0])) {
		out.varint(slot)
		reference.columns.forEach(({ groupOf, groups }, i) => {
			const counts = mergeBins(columns[i]?.counts ?? new Float64Array(), groupOf, groups.length)
			for (const count of counts) out.varint(count)
		})
	}
	return out.bytes()
}

/** The slots of each column of the reference. */
export function decodeSlots(bytes: Uint8Array, { columns }: Pick<Reference, 'columns'>): Slots[] {
	const input = new ByteReader(bytes)
	const version = input.byte()
	if (version !== formatVersion) throw new RangeError(`unknown format ${version} of a baseline's seasons`)
	const weeks = input.varint()
	const slots = columns.map((): { from: number; groups: Float64Array }[] => [])
	const monday = windowStart('7d', 0)
	for (let left = input.varint(); left > 0; left--) {
		const from = monday + input.varint() * hourMs
		columns.forEach(({ groups }, i) => {
			slots[i]?.push({ from, groups: groups.map(() => input.varint()) })
		})
	}
	return slots.map((of) => ({ slots: of, weeks }))
}
