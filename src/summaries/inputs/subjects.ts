import { type RowBatch, textHash } from './columns.ts'

/**
 * A sketch of the distinct subjects of rows: the smallest hashes of their names, ascending. Exact below `maxHashes`
 * subjects; then an estimate with a standard error of 1 / sqrt(maxHashes - 2) = 4.4% (k minimum values: Bar-Yossef et al.
 * 2002; Beyer et al. 2007). Sketches merge exactly, in any order.
 */
export type Subjects = { rows: number; hashes: Uint32Array }

const maxHashes = 512

export const noSubjects = (): Subjects => ({ rows: 0, hashes: new Uint32Array() })

/** Murmur3's finaliser: `textHash` of similar names is too similar for an estimate by rank. */
function spread(hash: number): number {
	let h = hash
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
	return (h ^ (h >>> 16)) >>> 0
}

/** How a sketch knows a subject. */
export const subjectHash = (name: string): number => spread(textHash(name))

// A batch is summarised for all rows and for each segment: its names are hashed once.
const hashed = new WeakMap<RowBatch, Uint32Array>()

function hashesOf(batch: RowBatch): Uint32Array {
	let hashes = hashed.get(batch)
	if (!hashes) {
		hashes = Uint32Array.from(batch.subjects, (at) => (at === -1 ? 0 : subjectHash(batch.strings[at] ?? '')))
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
	const merged = new Uint32Array(Math.min(maxHashes, a.length + b.length))
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
	hashes.length < maxHashes
		? hashes.length
		: Math.round((maxHashes - 1) / (((hashes[maxHashes - 1] as number) + 1) / 2 ** 32))

/** Rows of one subject are not independent: a subject counts once. */
export const independentRows = ({ rows, subjects }: { rows: number; subjects: Subjects }): number =>
	rows - subjects.rows + Math.min(subjects.rows, distinctSubjects(subjects))
