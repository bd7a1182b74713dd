import { getIncident } from '../../alerting/incident/get-incident.ts'
import { whyMessage } from '../blocks/incident.ts'
import { incidentDetails } from '../delivery/incident-details.ts'
import { incidentEvidence } from '../delivery/incident-evidence.ts'
import type { Handler } from '../reply.ts'

export const why: Handler = async (context, { actor, words }) => {
	const incident = await getIncident(context, actor, words[0] ?? '')
	const details = await incidentDetails(context, actor, incident)
	return whyMessage(incident, await incidentEvidence(context, incident), details)
}
