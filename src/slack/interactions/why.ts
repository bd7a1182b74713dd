import { getIncident } from '../../alerting/incident/read-incidents.ts'
import { whyMessage } from '../blocks/incident.ts'
import { incidentDetails, incidentEvidence } from '../delivery/incident-details.ts'
import type { Handler } from '../reply.ts'

export const why: Handler = async (context, { actor, words }) => {
	const incident = await getIncident(context, actor, words[0] ?? '')
	const details = await incidentDetails(context, actor, incident)
	return whyMessage(incident, await incidentEvidence(context, incident), details)
}
