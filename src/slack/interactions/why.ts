import { getIncident } from '../../services/incident/get-incident.ts'
import { whyMessage } from '../blocks/incident.ts'
import type { Handler } from '../reply.ts'

export const why: Handler = async (context, { actor, words }) =>
	whyMessage(await getIncident(context, actor, words[0] ?? ''))
