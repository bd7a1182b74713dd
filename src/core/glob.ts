/** How long a glob may be. Matching costs at most its length times that of the name. */
export const longestGlob = 256

const widthAt = (text: string, at: number): number => ((text.codePointAt(at) as number) > 0xffff ? 2 : 1)

/**
 * Whether `name` matches a glob in which `*` stands for any run of characters and `?` for one. Only the last `*` is ever
 * tried again, as any match can be moved to the first place that fits; so nothing grows with the number of `*`.
 */
export function matchesGlob(glob: string, name: string): boolean {
	if (glob === '*' || glob === name) return true
	let g = 0
	let n = 0
	// After the last `*`, and the character of the name at which what follows is being tried.
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

/** Sets of positions that `contains` looks at before it gives up. Globs that people write need fewer than a hundred. */
const maxSteps = 1024

/**
 * Whether every name that `asked` matches is matched by one of the globs of `scope`: scopes contain globs, they do not
 * match their text. A union counts as a whole: `a` and `a?*` contain `a*`. Exact, but for globs made to be costly,
 * which are refused.
 */
export function contains(scope: readonly string[], asked: string): boolean {
	if (scope.includes('*') || scope.includes(asked)) return true
	const outer = automaton(scope)
	const inner = tokensOf(asked)
	// Wherever `asked` takes any character, the hardest is one that no glob names: undefined.
	let reached = new Set([outer.start])
	let steps = 0
	for (const token of inner) {
		const next = new Set<bigint>()
		const fill = token === '*' ? [...reached] : [...reached].map((at) => outer.step(at, literalOf(token)))
		for (const at of fill) {
			for (let now = at; !next.has(now); now = outer.step(now, undefined)) {
				// No position is left: some name is matched by none of them.
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

/** By character; a run of wildcards with its `?` first and one `*`, which matches the same. */
const tokensOf = (glob: string): string[] => [
	...glob.replace(/[*?]{2,}/g, (run) => run.replaceAll('*', '') + (run.includes('*') ? '*' : '')),
]

/** The globs as one machine: a set of positions, a bit each, says how far each glob may have got in a name. */
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
	// A `*` may stand for nothing; two never follow each other.
	const close = (at: bigint) => at | ((at & stars) << 1n)
	return {
		start: close(start),
		accepts: (at: bigint) => (at & ends) !== 0n,
		step: (at: bigint, read: string | undefined): bigint =>
			close(((at & (any | (takes.get(read ?? '') ?? 0n))) << 1n) | (at & stars)),
	}
}
