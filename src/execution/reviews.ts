import { openIncidentOnce } from '../alerting/incident/incident-without-rule.ts'
import type { Context } from '../context.ts'
import { executor } from './claim.ts'

type Bypassed = {
	id: string
	kind: string
	model: string
	environment: string
	person: string
	reason: string
}

/** Opens an incident for the review of each approval by break-glass that has none yet: of all requests, or of one. */
export async function openReviews(context: Context, request?: string): Promise<void> {
	const rows = await context.sql.all<Bypassed>({
		sql: `SELECT r.id AS id, r.kind AS kind, r.model AS model, r.environment AS environment, v.person AS person,
				v.reason AS reason
			FROM request_vote v JOIN request r ON r.id = v.request
			WHERE v.break_glass = 1 AND v.vote = 'approve' AND (?1 IS NULL OR r.id = ?1)
				AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.about = 'break-glass:' || r.id)`,
		params: [request ?? null],
	})
	for (const { id, kind, model, environment, person, reason } of rows)
		await openIncidentOnce(context, executor, {
			about: `break-glass:${id}`,
			model,
			environment,
			severity: 'warning',
			title: `${model} in ${environment}: a ${kind} was approved by break-glass`.slice(0, 150),
			notes: [`${person} approved request ${id} alone: ${reason}`],
		})
}
