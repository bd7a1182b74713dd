/** More edits are not a typing error, and cost more to compute. */
const longestWord = 256

/** The candidate with the smallest edit distance, if it is near enough to be a likely typing error. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
	if (word.length > longestWord) return undefined
	let best: string | undefined
	let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
	for (const candidate of candidates) {
		if (Math.abs(candidate.length - word.length) >= bestDistance) continue
		const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
		if (distance < bestDistance) {
			best = candidate
			bestDistance = distance
		}
	}
	return best
}

/** Edit distance in which swapped neighbours count as one edit, as in most typing errors (Damerau-Levenshtein). */
export function editDistance(a: string, b: string): number {
	let before: number[] = []
	let row = Array.from({ length: b.length + 1 }, (_, j) => j)
	for (let i = 1; i <= a.length; i++) {
		const next = [i]
		for (let j = 1; j <= b.length; j++) {
			const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
			let edits = Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1)
			const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
			if (swapped) edits = Math.min(edits, (before[j - 2] as number) + 1)
			next.push(edits)
		}
		before = row
		row = next
	}
	return row[b.length] as number
}
