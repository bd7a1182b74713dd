const boundary = /[\s_\-/.,;:|]/

/**
 * Where to cut a text of more than `end` UTF-16 units: at the last word boundary, unless that would remove half of the text,
 * as with one long word.
 */
export function wordEnd(text: string, end: number): number {
	if (boundary.test(text[end] ?? ' ')) return end
	let at = end
	while (at > 0 && !boundary.test(text[at - 1] as string)) at--
	return at > end / 2 ? at : end
}
