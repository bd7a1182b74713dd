import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { badCursor, cursorParts, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { seesAll } from '../../registry/key/authorise.ts'
import { normalOf, type OriginKind, originKinds } from '../../registry/lineage/links.ts'
import { quote, reachedModels } from '../../registry/model/find-model.ts'

/** A version that came from something; `source` says whether it was registered so, or its run's server says it. */
export type LinkedVersion = { model: string; version: string; source: string }
type Found = { values: string[]; page: Page<LinkedVersion> }

const minPrefix = 4
const minCommit = 7
const neighbours = 200

/**
 * The versions that came from a value, in the order of their names, in the actor's scope: by one index, so the cost does
 * not grow with what else is stored. A commit or digest may be shortened as long as one is meant. Throws `not-found`
 * with the nearest value, and `invalid` when several are meant.
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
	// Behind the last version of a value there is none, and that is no error.
	if (values.length === 0 && query.cursor !== undefined) return { values: [value], page }
	if (values.length === 0) throw await notFound(context, actor, kind, value)
	return { values, page: await readPage(context, actor, kind, values, query) }
}

/** The values that a commit or digest stands for: the one that it begins, or those that were registered shortened. */
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
	const rows = await context.sql.values({
		sql: `SELECT DISTINCT value FROM lineage_link
			WHERE kind = 'commit' AND value IN (SELECT value FROM json_each(?)) AND ${reached}`,
		params: [JSON.stringify(shorter), ...(await reachedParams(context, actor))],
	})
	return textsOf(rows)
}

function ambiguous(kind: OriginKind, value: string, whole: readonly string[]): AppError {
	const some = whole.slice(0, 5).join(', ')
	const message = `stands for several: ${some}${whole.length > 5 ? ', …' : ''}. Write more of it`
	return new AppError('invalid', `${kind}:${value} ${message}.`, { faults: [{ path: 'from', message }] })
}

/** The scope as a condition, so that other models' versions neither fill a page nor cost one. */
const reached = '(? IS NULL OR model IN (SELECT value FROM json_each(?)))'

/** The two parameters of `reached`. */
async function reachedParams(context: Context, actor: Actor): Promise<[string | null, string]> {
	if (seesAll(actor)) return [null, '[]']
	const names = JSON.stringify(await reachedModels(context, actor))
	return [names, names]
}

const textsOf = (rows: readonly (readonly unknown[])[]): string[] => rows.map(([value]) => value as string)

async function valuesBetween(
	context: Context,
	actor: Actor,
	kind: OriginKind,
	from: string,
	to: string,
): Promise<string[]> {
	const rows = await context.sql.values({
		sql: `SELECT DISTINCT value FROM lineage_link WHERE kind = ? AND value >= ? AND value < ? AND ${reached}
			ORDER BY value LIMIT ?`,
		params: [kind, from, to, ...(await reachedParams(context, actor)), neighbours],
	})
	return textsOf(rows)
}

/** Looks for a likely typing error among the neighbours in the index alone. */
async function notFound(context: Context, actor: Actor, kind: OriginKind, value: string): Promise<AppError> {
	const scope = await reachedParams(context, actor)
	const read = (comparison: string, order: string) =>
		context.sql.values({
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
	// Of one value the index is in the order of the page already.
	const [one, is] =
		values.length === 1 ? [values[0], '= ?'] : [undefined, 'IN (SELECT value FROM json_each(?))']
	const [afterModel, afterVersion] = positionOf(query.cursor)
	const scope = await reachedParams(context, actor)
	const rows = (await context.sql.values({
		sql: `SELECT model, version, max(source) FROM lineage_link
			WHERE kind = ? AND value ${is} AND (model, version) > (?, ?) AND ${reached}
			GROUP BY model, version ORDER BY model, version LIMIT ?`,
		params: [kind, one ?? JSON.stringify(values), afterModel, afterVersion, ...scope, query.limit + 1],
	})) as unknown as [string, string, string][]
	return toPage(
		rows,
		query.limit,
		([model, version]) => JSON.stringify([model, version]),
		([model, version, source]) => ({ model, version, source }),
	)
}

/** A cursor of ours holds the model and the version that a page ended with. */
function positionOf(cursor: string | undefined): [model: string, version: string] {
	const [model, version, ...more] = cursorParts(cursor) ?? ['', '']
	if (typeof model === 'string' && typeof version === 'string' && more.length === 0) return [model, version]
	throw badCursor()
}

/** Where a look-up begins. */
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

/** As `parseOrigin`; a bare name that is no form of its own is looked up among all that versions in reach came from. */
export async function findOrigin(context: Context, actor: Actor, text: string): Promise<Origin> {
	const kinds = [...originKinds, 'prediction', 'version'].some((kind) => text.startsWith(`${kind}:`))
	if (kinds) return parseOrigin(text)
	const bare = text.trim()
	const rows = (await context.sql.values({
		sql: `SELECT DISTINCT kind FROM lineage_link
			WHERE kind IN (SELECT value FROM json_each(?)) AND value = ? AND ${reached}`,
		params: [JSON.stringify(originKinds), bare, ...(await reachedParams(context, actor))],
	})) as unknown as [OriginKind][]
	const [found] = rows
	if (found && rows.length === 1) return { kind: found[0], value: bare }
	if (/^[0-9a-f]{64}$/i.test(bare)) return { kind: 'artifact', value: bare }
	if (/^[0-9a-f]{7,40}$/i.test(bare)) return { kind: 'commit', value: bare }
	const [model, version] = split(bare, '@')
	return model && version ? { kind: 'version', model, version } : parseOrigin(text)
}

/** Throws `invalid` with the forms that there are. */
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

/** Names of models hold no `/` and no `@`, so the first one ends the name. */
function split(text: string, at: string): [string, string] {
	const i = text.indexOf(at)
	return i === -1 ? ['', ''] : [text.slice(0, i), text.slice(i + 1)]
}
