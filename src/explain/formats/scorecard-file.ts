import { type Document, isScalar, parseDocument, visit } from 'yaml'
import { ArtifactError } from '../model.ts'
import {
	arrayAt,
	type Fields,
	fault,
	numberAt,
	objectAt,
	oneOfAt,
	optionalNumberAt,
	own,
	remarks,
	textOf,
} from './fields.ts'

// The parser takes seconds for a megabyte; a card with a thousand bins has a tenth of that.
const maxBytes = 2 * 2 ** 20
const fileMembers = [
	'format',
	...remarks,
	'scaling',
	'intercept',
	'basePoints',
	'closed',
	'reference',
	'features',
] as const
const featureMembers = ['coefficient', 'closed', 'bins', 'special', 'missing', 'other', 'meanPoints'] as const
const worth = ['woe', 'points', 'share'] as const

/** The values of a bin; `path` is its position in the file. */
export type Worth = {
	path: string
	woe: number | undefined
	points: number | undefined
	share: number | undefined
}
type Closed = 'left' | 'right'

export type CardFeature = {
	name: string
	coefficient: number | undefined
	meanPoints: number | undefined
	/** Numeric: bins between neighbouring edges. Categorical: the bin of each value. */
	bins: { edges: readonly number[]; closed: Closed } | { binOf: ReadonlyMap<string, number> }
	/** Special values as texts, and their index in `worth`. */
	special: ReadonlyMap<string, number>
	missing: number | undefined
	other: number | undefined
	/** The bins first, in the file's order, then those of special, missing and other values. */
	worth: readonly Worth[]
	regular: number
}

export type CardFile = {
	scaling: Fields | undefined
	intercept: number | undefined
	basePoints: number | undefined
	reference: 'mean' | 'maximum' | 'neutral' | undefined
	features: readonly CardFeature[]
}

/** Reads a scorecard in YAML or JSON; docs/explain.md describes it. Throws ArtifactError with the position of a fault. */
export function readScorecard(bytes: Uint8Array): CardFile {
	const file = objectAt(parse(textOf(bytes, maxBytes)), 'The file', fileMembers)
	if (own(file, 'format') !== 'scorecard') fault('format', 'must be scorecard')
	const closed = closedAt(own(file, 'closed'), 'closed') ?? 'left'
	const reference = own(file, 'reference')
	const features = Object.entries(objectAt(own(file, 'features'), 'features')).map(([name, value]) =>
		featureAt(name, value, closed),
	)
	if (features.length === 0) fault('features', 'names no feature')
	const scaling = own(file, 'scaling')
	return {
		scaling: scaling === undefined ? undefined : objectAt(scaling, 'scaling'),
		intercept: optionalNumberAt(own(file, 'intercept'), 'intercept'),
		basePoints: optionalNumberAt(own(file, 'basePoints'), 'basePoints'),
		reference:
			reference === undefined ? undefined : oneOfAt(reference, 'reference', ['mean', 'maximum', 'neutral']),
		features,
	}
}

function parse(text: string): unknown {
	try {
		// Nested aliases turn a small file into a huge one, and scorecards do not need aliases.
		const document = parseDocument(text, { logLevel: 'error', uniqueKeys: false })
		const error = document.errors[0]
		if (error) throw error
		refuseDoubles(document)
		return document.toJS({ maxAliasCount: 0 })
	} catch (cause) {
		throw new ArtifactError(`The file is neither YAML nor JSON: ${(cause as Error).message.split('\n')[0]}`, {
			cause,
		})
	}
}

/** The parser's own check compares every name with every other. */
function refuseDoubles(document: Document): void {
	visit(document, {
		Map(_, { items }) {
			const seen = new Set<string>()
			for (const { key } of items) {
				const name = String(isScalar(key) ? key.value : key)
				if (seen.has(name)) throw new Error(`the name ${JSON.stringify(name.slice(0, 80))} appears twice`)
				seen.add(name)
			}
		},
	})
}

const closedAt = (value: unknown, path: string): Closed | undefined =>
	value === undefined ? undefined : oneOfAt(value, path, ['left', 'right'])

function worthAt(value: unknown, path: string, others: readonly string[] = []): Worth {
	const bin = objectAt(value, path, [...worth, ...others])
	const [woe, points, share] = worth.map((name) => optionalNumberAt(own(bin, name), `${path}.${name}`))
	if (share !== undefined && (share < 0 || share > 1))
		fault(`${path}.share`, `is a share and so between 0 and 1, not ${share}`)
	return { path, woe, points, share }
}

function featureAt(name: string, value: unknown, closedOfFile: Closed): CardFeature {
	const path = `features.${name}`
	const feature = objectAt(value, path, featureMembers)
	const given = arrayAt(own(feature, 'bins'), `${path}.bins`)
	if (given.length === 0) fault(`${path}.bins`, 'is empty')
	const closed = closedAt(own(feature, 'closed'), `${path}.closed`) ?? closedOfFile
	const all = given.map((bin, i) => worthAt(bin, `${path}.bins[${i}]`, ['from', 'to', 'values']))
	const isCategorical = Object.hasOwn(given[0] as object, 'values')
	const special = new Map<string, number>()
	const specials = own(feature, 'special')
	if (specials !== undefined)
		arrayAt(specials, `${path}.special`).forEach((bin, i) => {
			const at = `${path}.special[${i}]`
			all.push(worthAt(bin, at, ['values']))
			addValues(special, bin as Fields, at, all.length - 1)
		})
	const single = (member: 'missing' | 'other') => {
		const bin = own(feature, member)
		return bin === undefined ? undefined : all.push(worthAt(bin, `${path}.${member}`)) - 1
	}
	return {
		name,
		coefficient: optionalNumberAt(own(feature, 'coefficient'), `${path}.coefficient`),
		meanPoints: optionalNumberAt(own(feature, 'meanPoints'), `${path}.meanPoints`),
		bins: isCategorical
			? { binOf: categoriesAt(given, `${path}.bins`) }
			: { edges: edgesAt(given, `${path}.bins`), closed },
		special,
		missing: single('missing'),
		other: single('other'),
		worth: all,
		regular: given.length,
	}
}

function addValues(into: Map<string, number>, bin: Fields, path: string, at: number): void {
	const values = arrayAt(own(bin, 'values'), `${path}.values`)
	if (values.length === 0) fault(`${path}.values`, 'is empty')
	for (const value of values) {
		const isNumber = typeof value === 'number' && Number.isFinite(value)
		if (!isNumber && typeof value !== 'string' && typeof value !== 'boolean')
			fault(`${path}.values`, `holds texts, numbers and booleans, not ${JSON.stringify(value)}`)
		if (into.has(String(value)))
			fault(`${path}.values`, `has ${JSON.stringify(value)}, which is already in another bin`)
		into.set(String(value), at)
	}
}

function categoriesAt(bins: readonly unknown[], path: string): ReadonlyMap<string, number> {
	const binOf = new Map<string, number>()
	bins.forEach((value, i) => {
		const bin = value as Fields
		if (Object.hasOwn(bin, 'from') || Object.hasOwn(bin, 'to'))
			fault(`${path}[${i}]`, 'has bounds, but the first bin has values: a feature is numeric or categorical')
		addValues(binOf, bin, `${path}[${i}]`, i)
	})
	return binOf
}

/** The edges of numeric bins, in order and without gaps, so that every value is in exactly one bin. */
function edgesAt(bins: readonly unknown[], path: string): number[] {
	const edges: number[] = []
	bins.forEach((value, i) => {
		const bin = value as Fields
		const at = `${path}[${i}]`
		if (Object.hasOwn(bin, 'values'))
			fault(at, 'has values, but the first bin has bounds: a feature is numeric or categorical')
		const from = boundAt(own(bin, 'from'), `${at}.from`, Number.NEGATIVE_INFINITY)
		const to = boundAt(own(bin, 'to'), `${at}.to`, Number.POSITIVE_INFINITY)
		if (!(from < to)) fault(at, `ends at ${to}, which is not above its begin ${from}`)
		const before = edges.at(-1)
		if (before === undefined) edges.push(from)
		else if (from < before)
			fault(
				at,
				`begins at ${from}, below ${before}, where the bin before it ends: bins overlap or are unsorted`,
			)
		else if (from > before) fault(at, `begins at ${from}: the values from ${before} on are in no bin`)
		edges.push(to)
	})
	return edges
}

function boundAt(value: unknown, path: string, open: number): number {
	if (value === undefined || value === null || value === open) return open
	return numberAt(value, path)
}
