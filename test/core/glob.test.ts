import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contains, longestGlob, matchesGlob } from '../../src/core/glob.ts'

// The obvious matcher: right, and exponential.
function matchesSlowly(glob: string, name: string): boolean {
	const [first, ...rest] = [...glob]
	if (first === undefined) return name === ''
	const [letter, ...letters] = [...name]
	if (first === '*')
		return (
			matchesSlowly(rest.join(''), name) || (letter !== undefined && matchesSlowly(glob, letters.join('')))
		)
	return (
		letter !== undefined &&
		(first === '?' || first === letter) &&
		matchesSlowly(rest.join(''), letters.join(''))
	)
}

const textOf = (letters: readonly string[], maxLength: number) =>
	fc.array(fc.constantFrom(...letters), { maxLength }).map((parts) => parts.join(''))

// `c` stands in no glob: the letter that only wildcards take.
const letters = ['a', 'b', 'c']
const words = (length: number): string[] =>
	length === 0 ? [''] : words(length - 1).flatMap((word) => letters.map((letter) => word + letter))
const everyWord = [0, 1, 2, 3, 4, 5, 6, 7].flatMap(words)

describe('A glob', () => {
	test('matches what the definition matches', () => {
		fc.assert(
			fc.property(textOf(['a', 'b', '😀', '*', '?'], 7), textOf(['a', 'b', '😀', '.'], 7), (glob, name) => {
				expect(matchesGlob(glob, name)).toBe(matchesSlowly(glob, name))
			}),
			{ numRuns: 3000 },
		)
	})

	test.each([
		['m?', 'm😀', true],
		['m??', 'm😀', false],
		['*?b', '😀b', true],
		['a.c', 'abc', false],
		['', '', true],
		['', 'a', false],
		['a\n*', 'a\nb', true],
	])('%j matches %j: %s', (glob, name, matches) => {
		expect(matchesGlob(glob, name)).toBe(matches)
	})

	test('costs at most its length times that of the name, whatever it is made of', () => {
		const name = 'a'.repeat(longestGlob)
		const hostile = ['*?'.repeat(127), '*a'.repeat(127), `*${'a'.repeat(127)}`, `${'*'.repeat(254)}`]
		// A matcher that tries again for each `*` would not end within the test's time.
		for (let round = 0; round < 100; round++)
			for (const glob of hostile) expect(matchesGlob(`${glob}!`, name)).toBe(false)
	})
})

describe('A scope contains', () => {
	test('a glob when it matches every name that the glob matches, and no other glob', () => {
		const glob = textOf(['a', 'b', '*', '?'], 4)
		fc.assert(
			fc.property(fc.array(glob, { minLength: 1, maxLength: 3 }), glob, (scope, asked) => {
				const matched = everyWord.filter((word) => matchesGlob(asked, word))
				const expected = matched.every((word) => scope.some((outer) => matchesGlob(outer, word)))
				expect(contains(scope, asked)).toBe(expected)
			}),
			{ numRuns: 1500 },
		)
	})

	test.each([
		[['m?'], 'm*', false],
		[['?'], '*', false],
		[['*?'], '*', false],
		[['**'], '*', true],
		[['?*', ''], '*', true],
		[['credit-*'], 'credit-??', true],
		[['credit-*'], 'credit*', false],
		[['a*', 'b*'], '?*', false],
		[['m😀?'], 'm😀😀', true],
		[[], 'm', false],
		[[], '*', false],
	])('%j: %j %s', (scope, asked, contained) => {
		expect(contains(scope, asked)).toBe(contained)
	})

	test('what is too costly to decide is refused', () => {
		const scope = Array.from({ length: 32 }, (_, i) => `*a${'?'.repeat(200 + i)}`)
		expect(contains(scope, '*a*b'.repeat(64))).toBe(false)
		expect(contains([`*a${'?'.repeat(20)}*`], `*a${'?'.repeat(20)}${'*b'.repeat(60)}`)).toBe(true)
	})
})
