import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { type OriginKind, originKinds } from '../../registry/lineage/links.ts'
import { reached, reachedParams } from './find-versions.ts'

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
