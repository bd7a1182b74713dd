import { nearest } from './nearest.ts'

/** Ignores case and punctuation, in which names differ most often. */
const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')

/** Common other names of the fields of a row. */
const usualNames: Record<string, readonly string[]> = {
	predictionId: ['id', 'rowid', 'requestid', 'inferenceid', 'eventid', 'uuid'],
	timestamp: ['ts', 'time', 'date', 'datetime', 'when', 'eventtime', 'scoredat', 'createdat', 'predictedat'],
	score: ['prob', 'proba', 'probability', 'pred', 'predproba', 'yscore', 'yprob'],
	label: ['decision', 'prediction', 'predicted', 'predictedlabel', 'ypred'],
	actual: ['target', 'y', 'ytrue', 'outcome', 'groundtruth', 'truth'],
	subject: ['customer', 'customerid', 'user', 'userid', 'clientid', 'person', 'personid', 'applicantid'],
	latencyMs: ['latency', 'duration', 'durationms', 'elapsedms'],
	version: ['modelversion'],
	environment: ['env', 'stage'],
}
/** In shorter names one edit changes too much. */
const shortestNear = 5

const alike = (name: string, candidates: readonly string[]): string | undefined =>
	candidates.find((candidate) => plain(candidate) === plain(name))

function near(name: string, candidates: readonly string[]): string | undefined {
	if (plain(name).length < shortestNear) return undefined
	const found = nearest(plain(name), candidates.map(plain))
	return candidates.find((candidate) => plain(candidate) === found)
}

/** The field of a name, in any spelling or by a common other name. */
export const fieldLike = (name: string, fields: readonly string[]): string | undefined =>
	alike(name, fields) ?? fields.find((field) => usualNames[field]?.includes(plain(name)))

/** What a model and its version declare and the rows lack. */
export type Declared = {
	/** Fields that the rows lack. */
	fields: readonly string[]
	segments: readonly string[]
	sensitive: readonly string[]
	/** Features that the rows lack. */
	features: readonly string[]
}

export type ColumnHint = { field: string; text: string }

/** What an undeclared column was probably meant to be; undefined where nothing is similar. */
export function columnHint(
	column: string,
	{ fields, segments, sensitive, features }: Declared,
): ColumnHint | undefined {
	const segment = (name: string): ColumnHint => ({
		field: `segment.${name}`,
		text: `the declared segment ${JSON.stringify(name)}`,
	})
	const feature = (name: string): ColumnHint => ({
		field: `features.${name}`,
		text: `the declared feature ${JSON.stringify(name)}`,
	})
	const field = (name: string): ColumnHint => ({ field: name, text: name })
	const attribute = (name: string): ColumnHint => ({
		field: '',
		text: `the sensitive attribute ${JSON.stringify(name)}`,
	})
	const first = (name: string | undefined, make: (name: string) => ColumnHint) =>
		name === undefined ? undefined : make(name)
	return (
		first(alike(column, segments), segment) ??
		first(alike(column, features), feature) ??
		first(alike(column, sensitive), attribute) ??
		first(fieldLike(column, fields), field) ??
		first(near(column, features), feature) ??
		first(near(column, segments), segment) ??
		first(near(column, fields), field) ??
		first(near(column, sensitive), attribute)
	)
}
