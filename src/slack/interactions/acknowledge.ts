import { acknowledgeIncident } from '../../alerting/incident/change-incident.ts'
import { named, say } from '../blocks/text.ts'
import type { Handler } from '../reply.ts'

export const acknowledge: Handler = async (context, { actor, words }) => {
	const { id, timeline } = await acknowledgeIncident(context, actor, words[0] ?? '')
	const who = timeline.findLast((e) => e.what === 'acknowledged')?.who
	return who === actor.id || who === undefined
		? say(`You have acknowledged ${named(id)}. The message in the channel follows.`)
		: say(`${named(id)} was acknowledged before, by ${named(who)}.`)
}
