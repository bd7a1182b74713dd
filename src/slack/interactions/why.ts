import { getIncident } from '../../services/incident/get-incident.ts'
import { incidentDetails } from '../../services/slack/incident-details.ts'
import { incidentEvidence } from '../../services/slack/incident-evidence.ts'
import { whyMessage } from '../blocks/incident.ts'
import type { Handler } from '../reply.ts'

export const why: Handler = async (context, { actor, words }) => {
	const incident = await getIncident(context, actor, words[0] ?? '')
	const details = await incidentDetails(context, actor, incident)
	return whyMessage(incident, await incidentEvidence(context, incident), details)
}
