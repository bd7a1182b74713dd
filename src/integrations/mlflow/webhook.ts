import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { utf8 } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { forgetDelivery, noteDelivery } from '../../db/deliveries.ts'
import { checkTargets } from '../../execution/check-targets.ts'
import type { Hook } from '../../ports/hooks.ts'
import { isSigned } from '../webhook/signature.ts'

const Alias = z.object({ name: z.string(), alias: z.string() })
const Message = z.object({ entity: z.string(), action: z.string(), data: z.unknown() })
const Watched = z.object({ model: z.string(), alias: z.string() })

const headerNames = {
	id: 'x-mlflow-delivery-id',
	timestamp: 'x-mlflow-timestamp',
	signature: 'x-mlflow-signature',
}

/**
 * Takes what MLflow sends about its registry. When an alias changes that an executor moves, the alias is read: the message
 * itself is not trusted with what serves now. Other messages are acknowledged and change nothing.
 */
export const mlflowHook =
	(context: Context, secret: string): Hook =>
	async (headers, body) => {
		// MLflow signs as Standard Webhooks does, with the bytes of the secret itself and headers of its own.
		const key = new Webhook(utf8(secret), { format: 'raw' })
		if (!isSigned(key, headers, body, context.now(), headerNames))
			throw new AppError('unauthenticated', 'The signature or its timestamp is missing or invalid.')
		const alias = aliasIn(body)
		if (!alias) return { status: 'ignored' }
		const id = headers.get(headerNames.id) ?? ''
		const delivery = { source: 'mlflow', id, object: `${alias.name}@${alias.alias}` } as const
		if ((await noteDelivery(context, delivery)) !== 'first') return { status: 'known' }
		try {
			return { status: 'checked', ...(await checkAlias(context, alias)) }
		} catch (error) {
			await forgetDelivery(context, delivery)
			throw error
		}
	}

/** The alias that a message is about; undefined if it is about something else. Throws `invalid` for another shape. */
function aliasIn(body: Uint8Array): z.output<typeof Alias> | undefined {
	const message = Message.safeParse(parsed(body))
	if (!message.success) throw new AppError('invalid', 'The message must have entity, action and data.')
	if (message.data.entity !== 'model_version_alias') return undefined
	const alias = Alias.safeParse(message.data.data)
	if (alias.success) return alias.data
	throw new AppError('invalid', 'The data of a model_version_alias must have name and alias.')
}

function parsed(body: Uint8Array): unknown {
	try {
		return JSON.parse(new TextDecoder().decode(body))
	} catch {
		return undefined
	}
}

/** Reads the targets that an alias of MLflow's stands for. */
const checkAlias = (context: Context, { name, alias }: z.output<typeof Alias>) =>
	checkTargets(context, (choice, { model, environment }) => {
		if (choice.name !== 'mlflow') return false
		const watched = Watched.safeParse({ model: '{model}', alias: 'champion', ...(choice.settings as object) })
		if (!watched.success || watched.data.alias !== alias) return false
		return watched.data.model.replaceAll('{model}', model).replaceAll('{environment}', environment) === name
	})
