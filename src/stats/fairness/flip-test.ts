const neighbours = 5
// Clarify's own bound: with nine rows or fewer, the nearest one decides.
const fewRows = 9

type Row = ArrayLike<number>

/**
 * Clarify's flip test (FT) for a facet: what would the model have said of a facet row, going by its five nearest rows
 * of the rest (Euclidean over the features as they are)? (rows selected that neighbours were not - the other way
 * round) / facet rows. `features` has one row of finite numbers for each decision; of rows equally far the earlier
 * counts. NaN when a side is empty. Time: facet rows x rest rows. Throws RangeError for unequal lengths.
 */
export function flipTest(
	features: readonly Row[],
	inFacet: ArrayLike<boolean | number>,
	selected: ArrayLike<boolean | number>,
): number {
	if (features.length !== inFacet.length || features.length !== selected.length)
		throw new RangeError('each row has features, a side and a decision')
	const rest: number[] = []
	const facet: number[] = []
	features.forEach((_, i) => {
		;(inFacet[i] ? facet : rest).push(i)
	})
	if (facet.length === 0 || rest.length === 0) return Number.NaN
	const k = rest.length > fewRows ? neighbours : 1
	let flips = 0
	for (const i of facet) {
		const votes = nearest(features, i, rest, k).filter((j) => selected[j]).length
		flips += (selected[i] ? 1 : 0) - (votes > k / 2 ? 1 : 0)
	}
	return flips / facet.length
}

function nearest(features: readonly Row[], of: number, among: readonly number[], k: number): number[] {
	const best: { row: number; distance: number }[] = []
	for (const row of among) {
		const distance = squaredDistance(features[of] as Row, features[row] as Row)
		if (best.length === k && distance >= (best[k - 1]?.distance ?? 0)) continue
		const at = best.findIndex((other) => distance < other.distance)
		best.splice(at === -1 ? best.length : at, 0, { row, distance })
		if (best.length > k) best.pop()
	}
	return best.map(({ row }) => row)
}

function squaredDistance(a: Row, b: Row): number {
	if (a.length !== b.length) throw new RangeError('rows have one number of features')
	let sum = 0
	for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2
	return sum
}
