import type { Actor, Role } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { contains, matchesGlob } from '../../core/glob.ts'
import { serviceModel } from '../../rules/rule-set.ts'

/** The roles that each role includes. `ingest` writes rows and reads nothing. */
const covers: Record<Role, readonly Role[]> = {
	ingest: ['ingest'],
	viewer: ['viewer'],
	analyst: ['viewer', 'analyst'],
	approver: ['viewer', 'analyst', 'approver'],
	auditor: ['viewer', 'auditor'],
	admin: ['ingest', 'viewer', 'analyst', 'approver', 'auditor', 'admin'],
}

/** Whether the actor's role is one of the needed roles, or includes one. */
export const hasRole = (actor: Actor, needed: Role | readonly Role[]): boolean =>
	[needed].flat().some((role) => covers[actor.role].includes(role))

/** Whether the model is in the actor's scope. The service itself counts as every model. */
export const inScope = (actor: Actor, model: string): boolean =>
	model === serviceModel ? seesAll(actor) : actor.models.some((glob) => matchesGlob(glob, model))

/** Whether every model that one of the globs matches, now or later, is in the actor's scope. */
export const coversGlobs = (actor: Pick<Actor, 'models'>, globs: readonly string[]): boolean =>
	globs.every((glob) => contains(actor.models, glob))

/** Whether the actor sees every model, now and later. */
export const seesAll = (actor: Pick<Actor, 'models'>): boolean => coversGlobs(actor, ['*'])

/** Whether the actor may see the features of a prediction. Viewers see decisions only. */
export const seesFeatures = ({ role }: Actor): boolean => role !== 'viewer'

/** Throws `forbidden` unless the actor has one of the roles and, when given, the model in its scope. */
export function authorise(actor: Actor, needed: Role | readonly Role[], model?: string): void {
	const roles = [needed].flat()
	if (!hasRole(actor, roles))
		throw new AppError(
			'forbidden',
			`This needs the role ${roles.join(' or ')}; ${actor.id} has the role ${actor.role}. Ask an admin for that role.`,
		)
	if (model !== undefined && !inScope(actor, model))
		throw outOfScope(actor, `the model ${JSON.stringify(model)}`)
}

/** The same for globs: throws `forbidden` for one that matches anything outside the actor's scope. */
export function authoriseGlobs(actor: Actor, needed: Role | readonly Role[], globs: readonly string[]): void {
	authorise(actor, needed)
	const wider = globs.find((glob) => !coversGlobs(actor, [glob]))
	if (wider !== undefined) throw outOfScope(actor, `all of ${JSON.stringify(wider)}`)
}

const outOfScope = (actor: Actor, what: string) =>
	new AppError(
		'forbidden',
		`${actor.id} may not reach ${what}: its scope is ${actor.models.join(', ') || 'empty'}.`,
	)
