import type { RuleAction } from '../services/alert/action.ts'
import { requestFor } from '../services/request/request-for.ts'

/** Asks people for a retraining. */
export const requestRetraining = {
	name: 'request-retraining',
	run: (input) => requestFor(input, 'retraining'),
} satisfies RuleAction
