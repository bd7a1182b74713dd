import { and, eq, ne } from 'drizzle-orm'
import { openIncidentOnce } from '../../alerting/incident/incident-without-rule.ts'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { incidents } from '../../db/schema.ts'
import { serviceModel } from '../../rules/rule-set.ts'

/** The actor of checkpoints. */
export const signer = { id: 'job:checkpoint', how: 'job' } as const

/** What the incident about a mismatch is about. While it is open, nothing is signed. */
export const mismatchAbout = 'ledger:mismatch'

const wayOut =
	'No further checkpoint is signed. Find out who changed the database or restored a copy of it; docs/ledger.md says how to go on.'

/**
 * Opens the critical incident about a ledger that is not what was signed, and returns the error to throw. `what` names the place
 * and the difference, in one sentence.
 */
export async function mismatch(context: Context, what: string): Promise<AppError> {
	context.logger.error('the ledger does not match what was signed', { what })
	await openIncidentOnce(context, signer, {
		about: mismatchAbout,
		model: serviceModel,
		environment: '',
		severity: 'critical',
		title: 'the ledger does not match what was signed',
		notes: [what, wayOut],
	})
	return new AppError('unavailable', `The ledger does not match what was signed: ${what} ${wayOut}`)
}

/** The id of the open incident about a mismatch. */
export async function openMismatch({ db }: Context): Promise<string | undefined> {
	const [row] = await db
		.select({ id: incidents.id })
		.from(incidents)
		.where(and(eq(incidents.about, mismatchAbout), ne(incidents.status, 'resolved')))
	return row?.id
}
