import type { Context } from '../context.ts'
import type { Actor } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { formatTime } from '../core/time.ts'
import { authorise } from '../registry/key/authorise.ts'
import { findModel } from '../registry/model/find-model.ts'

type Sent = { by: 'predictionId' | 'subject'; timestamp: string; groups: Record<string, unknown> }

/** The sensitive attributes that were uploaded for a prediction or its subject, as they were sent. Auditors only. */
export async function readGroups(
	context: Context,
	actor: Actor,
	modelName: string,
	predictionId: string,
): Promise<{ predictionId: string; model: string; groups: Sent[] }> {
	authorise(actor, 'auditor', modelName)
	const model = await findModel(context, modelName)
	const sent = await context.log.groups(model.name, predictionId)
	if (sent.length === 0)
		throw new AppError(
			'not-found',
			`No groups were sent for the prediction "${predictionId}" of ${model.name}.`,
		)
	return {
		predictionId,
		model: model.name,
		groups: sent.map(({ timestamp, ...rest }) => ({ ...rest, timestamp: formatTime(timestamp) })),
	}
}
