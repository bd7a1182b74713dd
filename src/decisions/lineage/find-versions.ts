import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { badCursor, cursorParts, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { seesAll } from '../../registry/key/authorise.ts'
import { normalOf, type OriginKind, originKinds } from '../../registry/lineage/links.ts'
import { quote, reachedModels } from '../../registry/model/find-model.ts'

/** A version and the source of its link: the registration, or the server of its run. */
export type LinkedVersion = { model: string; version: string; source: string }
type Found = { values: string[]; page: Page<LinkedVersion> }

const minPrefix = 4
const minCommit = 7
const neighbours = 200

/**
 * The versions that came from a value, by name, in the actor's scope: one index look-up, whatever else is stored. A commit or
 * digest may be abbreviated while it is unique. Throws `not-found` with the nearest value, and `invalid` when ambiguous.
 */
export async function findVersions(
	context: Context,
	actor: Actor,
	origin: { kind: OriginKind; value: string },
	query: PageQuery,
): Promise<Found> {
	const { kind } = origin
	const value = normalOf(kind, origin.value)
	const page = await readPage(context, actor, kind, [value], query)
	if (page.items.length > 0 || page.next !== null) return { values: [value], page }
	const values = await abbreviated(context, actor, kind, value)
	// An empty page after the last version is not an error.
	if (values.length === 0 && query.cursor !== undefined) return { values: [value], page }
	if (values.length === 0) throw await notFound(context, actor, kind, value)
	return { values, page: await readPage(context, actor, kind, values, query) }
}

/** The values that a commit or digest may mean: the one that it begins, or those registered in abbreviated form. */
async function abbreviated(
	context: Context,
	actor: Actor,
	kind: OriginKind,
	value: string,
): Promise<string[]> {
	if ((kind !== 'commit' && kind !== 'artifact') || !/^[0-9a-f]+$/.test(value)) return []
	const longer = value.length < minPrefix ? [] : await valuesBetween(context, actor, kind, value, `${value}g`)
	const whole = longer.filter((v) => !longer.some((other) => other !== v && other.startsWith(v)))
	if (whole.length > 1) throw ambiguous(kind, value, whole)
	if (longer.length > 0 || kind === 'artifact') return longer
	const shorter = Array.from({ length: Math.max(0, value.length - minCommit) }, (_, i) =>
		value.slice(0, minCommit + i),
	)
	const rows = await context.sql.all<Value>({
		sql: `SELECT DISTINCT value FROM lineage_link
			WHERE kind = 'commit' AND value IN (SELECT value FROM json_each(?)) AND ${reached}`,
		params: [JSON.stringify(shorter), ...(await reachedParams(context, actor))],
	})
	return textsOf(rows)
}

function ambiguous(kind: OriginKind, value: string, whole: readonly string[]): AppError {
	const some = whole.slice(0, 5).join(', ')
	const message = `is ambiguous: ${some}${whole.length > 5 ? ', …' : ''}. Write more of it`
	return new AppError('invalid', `${kind}:${value} ${message}.`, { faults: [{ path: 'from', message }] })
}

/** The actor's scope as an SQL condition. */
const reached = '(? IS NULL OR model IN (SELECT value FROM json_each(?)))'

/** The two parameters of `reached`. */
async function reachedParams(context: Context, actor: Actor): Promise<[string | null, string]> {
	if (seesAll(actor)) return [null, '[]']
	const names = JSON.stringify(await reachedModels(context, actor))
	return [names, names]
}

type Value = { value: string }
const textsOf = (rows: readonly Value[]): string[] => rows.map(({ value }) => value)

async function valuesBetween(
	context: Context,
	actor: Actor,
	kind: OriginKind,
	from: string,
	to: string,
): Promise<string[]> {
	const rows = await context.sql.all<Value>({
		sql: `SELECT DISTINCT value FROM lineage_link WHERE kind = ? AND value >= ? AND value < ? AND ${reached}
			ORDER BY value LIMIT ?`,
		params: [kind, from, to, ...(await reachedParams(context, actor)), neighbours],
	})
	return textsOf(rows)
}

/** Looks for a likely typo among the neighbours in the index. */
async function notFound(context: Context, actor: Actor, kind: OriginKind, value: string): Promise<AppError> {
	const scope = await reachedParams(context, actor)
	const read = (comparison: string, order: string) =>
		context.sql.all<Value>({
			sql: `SELECT DISTINCT value FROM lineage_link WHERE kind = ? AND value ${comparison} ? AND ${reached}
				ORDER BY value ${order} LIMIT ?`,
			params: [kind, value, ...scope, neighbours],
		})
	const rows = [...(await read('<', 'DESC')), ...(await read('>', 'ASC'))]
	const near = nearest(value, textsOf(rows))
	const message = `No version in reach names the ${kind} ${quote(value)}.`
	if (near === undefined) return new AppError('not-found', message, { hint: { to: 'list-versions' } })
	return new AppError('not-found', `${message} Did you mean ${quote(near)}?`)
}

async function readPage(
	context: Context,
	actor: Actor,
	kind: OriginKind,
	values: readonly string[],
	query: PageQuery,
): Promise<Page<LinkedVersion>> {
	// For one value, the index is already in the order of the page.
	const [one, is] =
		values.length === 1 ? [values[0], '= ?'] : [undefined, 'IN (SELECT value FROM json_each(?))']
	const [afterModel, afterVersion] = positionOf(query.cursor)
	const scope = await reachedParams(context, actor)
	const rows = await context.sql.all<LinkedVersion>({
		sql: `SELECT model, version, max(source) AS source FROM lineage_link
			WHERE kind = ? AND value ${is} AND (model, version) > (?, ?) AND ${reached}
			GROUP BY model, version ORDER BY model, version LIMIT ?`,
		params: [kind, one ?? JSON.stringify(values), afterModel, afterVersion, ...scope, query.limit + 1],
	})
	return toPage(
		rows,
		query.limit,
		({ model, version }) => JSON.stringify([model, version]),
		(row) => row,
	)
}

/** A cursor holds the last model and version of the previous page. */
function positionOf(cursor: string | undefined): [model: string, version: string] {
	const [model, version, ...more] = cursorParts(cursor) ?? ['', '']
	if (typeof model === 'string' && typeof version === 'string' && more.length === 0) return [model, version]
	throw badCursor()
}

/** Where a look-up starts. */
export type Origin =
	| { kind: 'prediction'; model: string; predictionId: string }
	| { kind: 'version'; model: string; version: string }
	| { kind: OriginKind; value: string }

export const originForms = [
	'prediction:<model>/<id>',
	'version:<model>@<version>',
	'artifact:<sha256>',
	'run:<run>',
	'dataset:<data set or fingerprint>',
	'commit:<sha or its beginning>',
	'image:<image or digest>',
]

const isOriginKind = (kind: string): kind is OriginKind => (originKinds as readonly string[]).includes(kind)

/** As `parseOrigin`; a bare name is looked up among the origins of all versions in scope. */
export async function findOrigin(context: Context, actor: Actor, text: string): Promise<Origin> {
	const kinds = [...originKinds, 'prediction', 'version'].some((kind) => text.startsWith(`${kind}:`))
	if (kinds) return parseOrigin(text)
	const bare = text.trim()
	const rows = await context.sql.all<{ kind: OriginKind }>({
		sql: `SELECT DISTINCT kind FROM lineage_link
			WHERE kind IN (SELECT value FROM json_each(?)) AND value = ? AND ${reached}`,
		params: [JSON.stringify(originKinds), bare, ...(await reachedParams(context, actor))],
	})
	const [found] = rows
	if (found && rows.length === 1) return { kind: found.kind, value: bare }
	if (/^[0-9a-f]{64}$/i.test(bare)) return { kind: 'artifact', value: bare }
	if (/^[0-9a-f]{7,40}$/i.test(bare)) return { kind: 'commit', value: bare }
	const [model, version] = split(bare, '@')
	return model && version ? { kind: 'version', model, version } : parseOrigin(text)
}

/** Throws `invalid` with the accepted forms. */
function parseOrigin(text: string): Origin {
	const colon = text.indexOf(':')
	const kind = text.slice(0, Math.max(colon, 0))
	const rest = text.slice(colon + 1)
	if (isOriginKind(kind) && rest !== '') return { kind, value: rest }
	const [model, name] = split(rest, kind === 'prediction' ? '/' : '@')
	if (kind === 'prediction' && model && name) return { kind, model, predictionId: name }
	if (kind === 'version' && model && name) return { kind, model, version: name }
	const near = nearest(kind, ['prediction', 'version', ...originKinds])
	const hint = near && near !== kind ? ` Did you mean "${near}:"?` : ''
	const message = `must be one of ${originForms.join(', ')}`
	throw new AppError('invalid', `from ${message}.${hint}`, { faults: [{ path: 'from', message }] })
}

/** Names of models contain neither `/` nor `@`, so the first one ends the name. */
function split(text: string, at: string): [string, string] {
	const i = text.indexOf(at)
	return i === -1 ? ['', ''] : [text.slice(0, i), text.slice(i + 1)]
}
