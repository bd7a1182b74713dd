/** One query: a score and a relevance (0 is not relevant, more is more) for each of its items. */
export type RankedQuery = { scores: ArrayLike<number>; relevance: ArrayLike<number> }

/** Items of one score, and where they stand: `before` items have higher scores. */
export type TiedItems = { before: number; relevances: number[] }

/** The items by descending score, those of one score together. Throws RangeError for columns of unequal length. */
export function tiedItems({ scores, relevance }: RankedQuery): TiedItems[] {
	if (scores.length !== relevance.length) throw new RangeError('each score has one relevance')
	const order = Array.from({ length: scores.length }, (_, i) => i)
	order.sort((a, b) => (scores[b] as number) - (scores[a] as number))
	const groups: TiedItems[] = []
	order.forEach((item, position) => {
		const tied = position > 0 && scores[order[position - 1] as number] === scores[item]
		const last = groups.at(-1)
		if (tied && last) last.relevances.push(relevance[item] as number)
		else groups.push({ before: position, relevances: [relevance[item] as number] })
	})
	return groups
}

export const hasRelevant = ({ relevance }: RankedQuery): boolean =>
	Array.from({ length: relevance.length }, (_, i) => relevance[i] as number).some((r) => r > 0)

export const countRelevant = (relevances: readonly number[]): number => relevances.filter((r) => r > 0).length
