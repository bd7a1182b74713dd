/** The maximum length of a glob. Matching costs at most its length times that of the name. */
export const longestGlob = 256

const widthAt = (text: string, at: number): number => ((text.codePointAt(at) as number) > 0xffff ? 2 : 1)

/**
 * Whether `name` matches a glob, in which `*` matches any run of characters and `?` exactly one. Backtracking to the last `*`
 * is enough, since every earlier part may match as early as possible: the cost does not grow with the number of `*`.
 */
export function matchesGlob(glob: string, name: string): boolean {
	if (glob === '*' || glob === name) return true
	let g = 0
	let n = 0
	// The position after the last `*`, and the character of the name at which the rest is tried.
	let star = -1
	let tried = 0
	while (n < name.length) {
		if (glob[g] === '*') {
			star = ++g
			tried = n
		} else if (glob[g] === '?' || (g < glob.length && glob[g] === name[n])) {
			n += glob[g] === '?' ? widthAt(name, n) : 1
			g++
		} else {
			if (star === -1) return false
			tried += widthAt(name, tried)
			n = tried
			g = star
		}
	}
	while (glob[g] === '*') g++
	return g === glob.length
}

/** Whether one of the globs matches. */
export const matchesAny = (globs: readonly string[], name: string): boolean =>
	globs.some((glob) => matchesGlob(glob, name))

/** How many sets of positions `contains` visits before it gives up. Usual globs need fewer than a hundred. */
const maxSteps = 1024

/**
 * Whether the globs of `scope` together match every name that the other glob matches: `a` and `a?*` contain `a*`. The
 * result is exact, except that globs designed to be costly count as not contained.
 */
export function contains(scope: readonly string[], asked: string): boolean {
	if (scope.includes('*') || scope.includes(asked)) return true
	const outer = automaton(scope)
	const inner = tokensOf(asked)
	// Where the other glob takes any character, the hardest one to match is one that no glob names: undefined.
	let reached = new Set([outer.start])
	let steps = 0
	for (const token of inner) {
		const next = new Set<bigint>()
		const fill = token === '*' ? [...reached] : [...reached].map((at) => outer.step(at, literalOf(token)))
		for (const at of fill) {
			for (let now = at; !next.has(now); now = outer.step(now, undefined)) {
				// No position is left: some name is matched by no glob of the scope.
				if (now === 0n || ++steps > maxSteps) return false
				next.add(now)
				if (token !== '*') break
			}
		}
		reached = next
	}
	return [...reached].every(outer.accepts)
}

const literalOf = (token: string): string | undefined => (token === '?' ? undefined : token)

/** Splits a glob into characters; a run of wildcards becomes its `?` and one `*`, which matches the same. */
const tokensOf = (glob: string): string[] => [
	...glob.replace(/[*?]{2,}/g, (run) => run.replaceAll('*', '') + (run.includes('*') ? '*' : '')),
]

/** The globs as one automaton: a set of positions, one bit each, says how far each glob may have matched. */
function automaton(globs: readonly string[]) {
	const takes = new Map<string, bigint>()
	let [start, ends, stars, any] = [0n, 0n, 0n, 0n]
	let bit = 1n
	for (const glob of globs) {
		start |= bit
		for (const token of tokensOf(glob)) {
			if (token === '*') stars |= bit
			else if (token === '?') any |= bit
			else takes.set(token, (takes.get(token) ?? 0n) | bit)
			bit <<= 1n
		}
		ends |= bit
		bit <<= 1n
	}
	// A `*` may match nothing. Two never follow each other.
	const close = (at: bigint) => at | ((at & stars) << 1n)
	return {
		start: close(start),
		accepts: (at: bigint) => (at & ends) !== 0n,
		step: (at: bigint, read: string | undefined): bigint =>
			close(((at & (any | (takes.get(read ?? '') ?? 0n))) << 1n) | (at & stars)),
	}
}
