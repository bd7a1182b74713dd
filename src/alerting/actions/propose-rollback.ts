import type { RuleAction } from '../alert/action.ts'
import { requestFor } from '../alert/request-for.ts'

/** Asks people for a rollback to the champion before this one. */
export const proposeRollback = {
	name: 'propose-rollback',
	run: (input) => requestFor(input, 'rollback'),
} satisfies RuleAction
