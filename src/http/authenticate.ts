import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { findActor } from '../registry/key/find-actor.ts'

const hint =
	'Send `Authorization: Bearer <key>`; an admin creates keys with POST /v1/keys or `plumbline keys create`.'

/**
 * Who sends the request. The key is looked up for every request, so that a revoked one stops at once.
 * Throws `unauthenticated`.
 */
export async function authenticate(context: Context, request: Request): Promise<Actor> {
	const header = request.headers.get('authorization')
	if (!header) throw new AppError('unauthenticated', `No key was sent. ${hint}`)
	const secret = /^Bearer +(\S+) *$/i.exec(header)?.[1]
	if (!secret) throw new AppError('unauthenticated', `The Authorization header is not a bearer key. ${hint}`)
	return findActor(context, secret)
}
