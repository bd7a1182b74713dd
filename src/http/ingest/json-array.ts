import type { Breather } from '../../core/breather.ts'
import { AppError } from '../../core/errors.ts'
import { JsonShape, maxDepth } from '../../core/json-shape.ts'
import type { Limits } from '../../core/limits.ts'

const sliceLength = 64 * 1024
const stepLength = 2 ** 20
const [openList, closeList, comma] = [0x5b, 0x5d, 44]

/** Neighbouring elements of a list by where they stand in its text. `alone`: one that must not be parsed. */
export type Slice = {
	from: number
	to: number
	first: number
	count: number
	alone?: 'too-large' | 'too-deep'
}

/**
 * Where the elements of a JSON array stand, some together, so that a large one need not be parsed in one piece. What stands
 * between the commas is not looked at. Throws `malformed` when the brackets do not fit, `invalid` for another value.
 */
export async function slicesOf(text: Uint8Array, limits: Limits, breather: Breather): Promise<Slice[]> {
	const begin = skipSpace(text, 0)
	if (text[begin] !== openList) throw notAnArray()
	const shape = new JsonShape(text, begin + 1)
	const slices: Slice[] = []
	let [from, first] = [shape.at, 0]
	let element = from
	for (let index = 0, isLast = false; !isLast; index++) {
		while (!shape.read(Math.min(text.length, shape.at + stepLength))) {
			if (shape.at >= text.length) throw notJson('the array is not closed')
			if (breather.isDue) await breather.breathe()
		}
		if (index >= limits.bodyLines) throw tooMany(limits)
		if (index % 1024 === 0 && breather.isDue) await breather.breathe()
		const to = shape.at
		isLast = text[to] === closeList
		if (!isLast && text[to] !== comma) throw notJson('its brackets do not fit')
		const isLarge = to - element > limits.lineBytes || shape.values > limits.valuesPerRow
		const alone = shape.depth > maxDepth ? 'too-deep' : isLarge ? 'too-large' : undefined
		if (alone) {
			if (index > first) slices.push({ from, to: element - 1, first, count: index - first })
			slices.push({ from: element, to, first: index, count: 1, alone })
		} else if (isLast || to - from > sliceLength) slices.push({ from, to, first, count: index + 1 - first })
		if (alone || to - from > sliceLength) [from, first] = [to + 1, index + 1]
		shape.next()
		element = shape.at
	}
	if (skipSpace(text, element) < text.length) throw notJson('something stands behind the array')
	return slices
}

export function skipSpace(text: Uint8Array, at: number): number {
	let end = at
	while (end < text.length && (text[end] as number) <= 32) end++
	return end
}

const notJson = (why: string) => new AppError('malformed', `The body is not JSON: ${why}.`)

export const notAnArray = () =>
	new AppError(
		'invalid',
		'The body must be a JSON array of rows; send one row as [row], or NDJSON as application/x-ndjson.',
		{ faults: [{ path: '', message: 'expected an array' }] },
	)

export const tooMany = ({ bodyLines }: Limits) =>
	new AppError('too-large', `The body has more than ${bodyLines} rows (limit bodyLines). Send it in parts.`)
