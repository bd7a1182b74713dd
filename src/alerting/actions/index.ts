import type { ActionRegistry } from '../alert/action.ts'
import { notify } from './notify.ts'
import { openIncident } from './open-incident.ts'
import { proposeRollback } from './propose-rollback.ts'
import { requestRetraining } from './request-retraining.ts'

/** What rules can do, by the name that they use. */
export const actions = {
	'open-incident': openIncident,
	notify,
	'request-retraining': requestRetraining,
	'propose-rollback': proposeRollback,
} satisfies ActionRegistry
