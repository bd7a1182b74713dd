import type { RuleAction } from '../alert/action.ts'
import { requestFor } from '../alert/request-for.ts'

/** Asks people for a retraining. */
export const requestRetraining = {
	name: 'request-retraining',
	run: (input) => requestFor(input, 'retraining'),
} satisfies RuleAction
