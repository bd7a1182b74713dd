import { expect, it } from 'vitest'
import { edgesOf } from '../../../src/summaries/outcomes/bands.ts'

it('an attribute has the bands that are declared for it, whatever it is called', () => {
	expect(edgesOf({ age: [25, 60] }, 'age', undefined)).toEqual([25, 60])
	for (const name of ['toString', 'constructor', '__proto__'])
		expect(edgesOf({ age: [25, 60] }, name, undefined)).toBeUndefined()
})
