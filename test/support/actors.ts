import type { Actor, Role } from '../../src/core/actor.ts'

/** Somebody with a key of the given role, by default for all models. */
export const actorOf = (role: Role, more: Partial<Actor> = {}): Actor => ({
	id: 'key:a',
	how: 'key',
	role,
	models: ['*'],
	...more,
})

export const admin = actorOf('admin')
