import { and, asc, eq, lte } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { incidentFacts } from '../../db/schema.ts'
import { changeIncident, handlers } from './change-incident.ts'
import { findIncident } from './read-incidents.ts'
import type { RegulatoryInput, RegulatoryRecord } from './regulatory.schema.ts'

const times = ['awareAt', 'causalLinkAt', 'initialReportAt', 'completeReportAt'] as const
const texts = ['investigation', 'riskAssessment', 'correctiveAction'] as const

/** Records what a regulator asks for and only people know. Members that are left out stay. Throws `invalid` for a time to come. */
export async function recordRegulatoryFacts(
	context: Context,
	actor: Actor,
	id: string,
	facts: RegulatoryInput,
): Promise<RegulatoryRecord> {
	const row = await findIncident(context, actor, id, handlers)
	const now = context.now()
	for (const name of times)
		if ((facts[name] ?? 0) > now) {
			const message = 'is in the future; record it once it has happened'
			throw new AppError('invalid', `${name}: ${message}.`, { faults: [{ path: name, message }] })
		}
	const given: Record<string, string | number | null> = {}
	for (const [name, value] of Object.entries(facts)) if (value !== undefined) given[name] = value
	const stored = { incident: id, revision: row.revision + 1, at: now, who: actor.id, facts: given }
	await changeIncident(
		context,
		actor,
		row,
		{
			set: {},
			what: `recorded for regulators: ${Object.keys(given).join(', ')}`,
			action: 'record-incident-facts',
			details: await detailsOf(given),
		},
		[{ query: context.db.insert(incidentFacts).values(stored) }],
	)
	return readFacts(context, id)
}

/** Facts as the ledger has them: texts may name people, so that it has their digests. */
async function detailsOf(facts: Record<string, string | number | null>): Promise<Record<string, unknown>> {
	const details: Record<string, unknown> = {}
	for (const [name, value] of Object.entries(facts))
		details[name] =
			typeof value === 'number'
				? formatTime(value)
				: typeof value === 'string' && (texts as readonly string[]).includes(name)
					? `sha256:${await sha256Hex(value)}`
					: value
	return details
}

export async function getRegulatoryFacts(
	context: Context,
	actor: Actor,
	id: string,
): Promise<RegulatoryRecord> {
	await findIncident(context, actor, id, readers)
	return readFacts(context, id)
}

/** What was recorded up to a time; by default, by now. */
export async function readFacts({ db }: Context, incident: string, asOf?: number): Promise<RegulatoryRecord> {
	const upTo = asOf === undefined ? undefined : lte(incidentFacts.at, asOf)
	const rows = await db
		.select()
		.from(incidentFacts)
		.where(and(eq(incidentFacts.incident, incident), upTo))
		.orderBy(asc(incidentFacts.revision))
	const facts: RegulatoryInput = Object.assign({}, ...rows.map((row) => row.facts))
	const timeOf = (name: (typeof times)[number]) => {
		const ms = facts[name]
		return typeof ms === 'number' ? formatTime(ms) : null
	}
	return {
		incident,
		class: facts.class ?? null,
		memberState: facts.memberState ?? null,
		awareAt: timeOf('awareAt'),
		causalLinkAt: timeOf('causalLinkAt'),
		initialReportAt: timeOf('initialReportAt'),
		completeReportAt: timeOf('completeReportAt'),
		investigation: facts.investigation ?? null,
		riskAssessment: facts.riskAssessment ?? null,
		correctiveAction: facts.correctiveAction ?? null,
		recorded: rows.map(({ at, who, facts }) => ({ at: formatTime(at), who, members: Object.keys(facts) })),
	}
}
