import type { RuleAction } from '../services/alert/action.ts'
import { requestFor } from '../services/request/request-for.ts'

/** Asks people for a rollback to the champion before this one. */
export const proposeRollback = {
	name: 'propose-rollback',
	run: (input) => requestFor(input, 'rollback'),
} satisfies RuleAction
