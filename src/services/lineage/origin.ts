import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { type OriginKind, originKinds } from './links.ts'

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

/** Throws `invalid` with the forms that there are. */
export function parseOrigin(text: string): Origin {
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
