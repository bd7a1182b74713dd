import { type RowBatch, textHash } from './columns.ts'

/**
 * The distinct subjects of some rows: the smallest hashes of their names, ascending. Exact up to `most` subjects; above,
 * an estimate whose standard error is 1 / sqrt(most - 2) = 4.4% (k minimum values: Bar-Yossef et al. 2002; Beyer et al.
 * 2007). Sketches merge exactly, in any order.
 */
export type Subjects = { rows: number; hashes: Uint32Array }

const most = 512

export const noSubjects = (): Subjects => ({ rows: 0, hashes: new Uint32Array() })

/** Murmur3's finaliser: textHash leaves neighbouring names too close for an estimate by rank. */
function spread(hash: number): number {
	let h = hash
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
	return (h ^ (h >>> 16)) >>> 0
}

// A batch is summarised once for all rows and once for each segment: its names are hashed once.
const hashed = new WeakMap<RowBatch, Uint32Array>()

function hashesOf(batch: RowBatch): Uint32Array {
	let hashes = hashed.get(batch)
	if (!hashes) {
		hashes = Uint32Array.from(batch.subjects, (at) =>
			at === -1 ? 0 : spread(textHash(batch.strings[at] ?? '')),
		)
		hashed.set(batch, hashes)
	}
	return hashes
}

export function addSubjects(into: Subjects, batch: RowBatch, rows: Int32Array): void {
	const named = rows.filter((r) => batch.subjects[r] !== -1)
	if (named.length === 0) return
	const hashes = hashesOf(batch)
	mergeSubjects(into, {
		rows: named.length,
		hashes: Uint32Array.from(named, (r) => hashes[r] as number).sort(),
	})
}

/** `part.hashes` may repeat. */
export function mergeSubjects(into: Subjects, part: Subjects): void {
	into.rows += part.rows
	if (part.hashes.length === 0) return
	const [a, b] = [into.hashes, part.hashes]
	const merged = new Uint32Array(Math.min(most, a.length + b.length))
	let [i, j, size] = [0, 0, 0]
	while (size < merged.length && (i < a.length || j < b.length)) {
		const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY)
		while (a[i] === next) i++
		while (b[j] === next) j++
		merged[size++] = next
	}
	into.hashes = merged.slice(0, size)
}

const distinctSubjects = ({ hashes }: Subjects): number =>
	hashes.length < most
		? hashes.length
		: Math.round((most - 1) / (((hashes[most - 1] as number) + 1) / 2 ** 32))

/** Rows of one subject are not independent: a subject counts once, however often it came. */
export const independentRows = ({ rows, subjects }: { rows: number; subjects: Subjects }): number =>
	rows - subjects.rows + Math.min(subjects.rows, distinctSubjects(subjects))
