import { expect, test } from 'vitest'
import { guessFormat } from '../../../src/services/artifact/guess-format.ts'

const coefficients = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`feature ${i}`, i]))
const guess = (file: unknown) => guessFormat(Buffer.from(JSON.stringify(file)))

test('a file whose members are sorted says in its middle what it is', () => {
	expect(guess({ coefficients, format: 'linear-json', means: coefficients })).toBe('linear-json')
	expect(guess({ coefficients, format: 'pickle', means: coefficients })).toBeUndefined()
	expect(guessFormat(Buffer.from('{"coefficients": {'))).toBeUndefined()
})
