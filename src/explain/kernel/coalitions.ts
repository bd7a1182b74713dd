/** A coalition of players and, implied, its complement: 1 where a player takes part. Both are always asked for. */
export type Pair = Uint8Array

/** All pairs of a size, or a size to draw from. `weight` is the size's share of the Shapley kernel, both halves together. */
export type PairSize = { size: number; pairs: number; weight: number }

/** Pairs to ask for whatever happens, each with its weight; and the sizes that are left to chance with their weight in all. */
export type Plan = {
	fixed: { pair: Pair; weight: number }[]
	drawn: PairSize[]
	drawnWeight: number
}

function choose(n: number, k: number): number {
	let result = 1
	for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i
	return Math.round(result)
}

/**
 * Sizes 1 … players / 2. The kernel gives all coalitions of size k together (players - 1) / (k (players - k)) (Lundberg &
 * Lee 2017, theorem 2); a pair holds one of size k and one of size players - k.
 */
function pairSizes(players: number): PairSize[] {
	const sizes: PairSize[] = []
	for (let size = 1; size <= players / 2; size++) {
		const isHalf = size * 2 === players
		sizes.push({
			size,
			pairs: choose(players, size) / (isHalf ? 2 : 1),
			weight: ((players - 1) / (size * (players - size))) * (isHalf ? 1 : 2),
		})
	}
	const sum = sizes.reduce((total, { weight }) => total + weight, 0)
	return sizes.map((s) => ({ ...s, weight: s.weight / sum }))
}

/** Every coalition of the size; of those of half the players only the ones with player 0, as the others are complements. */
function* pairsOf(players: number, size: number): Generator<Pair> {
	const isHalf = size * 2 === players
	const chosen = Array.from({ length: size }, (_, i) => i)
	for (;;) {
		if (isHalf && chosen[0] !== 0) return
		const pair = new Uint8Array(players)
		for (const i of chosen) pair[i] = 1
		yield pair
		let at = size - 1
		while (at >= 0 && chosen[at] === players - size + at) at--
		if (at < 0) return
		const next = (chosen[at] as number) + 1
		for (let i = at; i < size; i++) chosen[i] = next + i - at
	}
}

/**
 * What to ask for with so many pairs: from the outside in, each size whose share of what is left would cover it goes in
 * whole, and the rest is drawn, as shap's KernelExplainer does. All sizes whole: the values will be exact.
 */
export function planPairs(players: number, most: number): Plan {
	const drawn = pairSizes(players)
	const plan: Plan = { fixed: [], drawn, drawnWeight: 1 }
	let left = most
	const everything = drawn.reduce((sum, { pairs }) => sum + pairs, 0)
	for (let first = drawn[0]; first !== undefined; first = drawn[0]) {
		const share = everything <= most ? left : (left * first.weight) / plan.drawnWeight
		if (first.pairs > share * (1 + 1e-8)) break
		for (const pair of pairsOf(players, first.size))
			plan.fixed.push({ pair, weight: first.weight / first.pairs })
		left -= first.pairs
		drawn.shift()
		plan.drawnWeight = drawn.reduce((sum, { weight }) => sum + weight, 0)
	}
	return plan
}

/** A pair by chance: the size by its weight, the coalition uniformly. `random` answers numbers in [0, 1). */
export function drawPair(players: number, { drawn, drawnWeight }: Plan, random: () => number): Pair {
	let point = random() * drawnWeight
	let at = 0
	while (at < drawn.length - 1 && point >= (drawn[at]?.weight ?? 0)) point -= drawn[at++]?.weight ?? 0
	const pair = new Uint8Array(players)
	let need = drawn[at]?.size ?? 1
	for (let i = 0; need > 0; i++)
		if (random() * (players - i) < need) {
			pair[i] = 1
			need--
		}
	return pair
}
