import { expect, test } from 'vitest'
import { categoriesOf } from '../../src/core/categories.ts'
import { nearest } from '../../src/core/nearest.ts'
import { parseDuration, parseTime } from '../../src/core/time.ts'
import { refusedText } from '../../src/explain/reasons/refused-text.ts'
import { ModelInput } from '../../src/registry/model/model.schema.ts'
import { cellOf } from '../../src/tables/cell-text.ts'

const length = 300_000
const hostile = ['0', '-', ' ', ',', '.', 'score ', '1e', '\u0001', '00:', '"', '*?'].flatMap((part) => {
	const text = part.repeat(length / part.length)
	return [text, `${text}!`, `x${text}`, `${text}\u0000`]
})

// A pattern that costs the square of a text would take minutes for these: the test would not end in time.
test.each([
	['a cell of a table', (text: string) => cellOf(undefined, text)],
	['a cell of a declared column', (text: string) => cellOf({ type: 'numeric' }, text)],
	['a category', (text: string) => categoriesOf(['1', '2', text]).find(text)],
	['a time', parseTime],
	['a duration', parseDuration],
	['the text of a reason', refusedText],
	[
		'the owner of a model',
		(text: string) => ModelInput.safeParse({ model: 'm', task: 'binary', owner: text }),
	],
	['a mistyped name', (text: string) => nearest(text, [`${text}1`, 'name'])],
])('%s is read in a time that grows with its length', (_, read) => {
	for (const text of hostile) expect(() => read(text)).not.toThrow()
})
