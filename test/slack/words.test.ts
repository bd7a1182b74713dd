import { describe, expect, it } from 'vitest'
import { wordsIn } from '../../src/slack/events.ts'
import { parsePhrases, someOf, themselves } from '../../src/slack/parse-arguments.ts'

const kinds = {
	window: themselves(['1d', '7d']),
	attribute: themselves(['SEX', 'sex', 'AGE', 'SEX x AGE']),
	segment: new Map([['segment branch:north west', 'branch:north west']]),
}
const read = (text: string) => parsePhrases(text.split(' '), kinds, 'Say it so.')

describe('phrases', () => {
	it('are read in any order, the longest that there is, with or without capitals', () => {
		expect(read('SEX x AGE 7d')).toEqual({ attribute: 'SEX x AGE', window: '7d' })
		expect(read('7D segment branch:North West age')).toEqual({
			window: '7d',
			segment: 'branch:north west',
			attribute: 'AGE',
		})
		expect([read('sex'), read('SEX')]).toEqual([{ attribute: 'sex' }, { attribute: 'SEX' }])
	})

	it('are given once a kind, and unknown ones are reported with the nearest', () => {
		expect(() => read('1d 7d')).toThrow('"1d" and "7d": give only one window. Say it so.')
		expect(() => read('AGEE')).toThrow('Unknown option "AGEE". Did you mean "AGE"? Say it so.')
		expect(() => read('SEX x AGES')).toThrow('Unknown option "x". Did you mean "1d"?')
		expect(() => read('nothing-like-it')).toThrow('Unknown option "nothing-like-it". Say it so.')
	})

	it('are listed up to a readable number', () => {
		expect(someOf(['a', 'b', 'c'], 2)).toBe('a, b, … and 1 more')
	})
})

describe('the words of a text', () => {
	it('keep the people in it, and lose the app', () => {
		expect(wordsIn('<@UAPP> audit <@U1> since 30d', 'UAPP')).toBe('audit <@U1> since 30d')
		expect(wordsIn('audit <@U1|ana> <@UAPP>', 'UAPP')).toBe('audit <@U1|ana>')
		// Where Slack does not name the app, it is the mention at the beginning.
		expect(wordsIn(' <@UAPP> audit <@U1>')).toBe('audit <@U1>')
		expect(wordsIn('/plumb audit <@U1>')).toBe('audit <@U1>')
	})
})
