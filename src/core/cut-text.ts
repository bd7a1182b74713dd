const boundary = /[\s_\-/.,;:|]/

/**
 * Where a text of more than `end` UTF-16 units is cut: at the last boundary of a word before it, unless that would take half
 * of the text away, as in one long word.
 */
export function wordEnd(text: string, end: number): number {
	if (boundary.test(text[end] ?? ' ')) return end
	let at = end
	while (at > 0 && !boundary.test(text[at - 1] as string)) at--
	return at > end / 2 ? at : end
}
