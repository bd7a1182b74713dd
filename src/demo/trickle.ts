import type { Context } from '../context.ts'
import type { DemoClient } from './client.ts'
import { demoModels } from './history.ts'
import { Chance } from './random.ts'

const pauseMs = 2000

/** Posts a row of each model every two seconds, until `stopped` resolves. */
export async function trickle(
	client: DemoClient,
	context: Pick<Context, 'now' | 'logger'>,
	stopped: Promise<void>,
): Promise<void> {
	const chance = new Chance(context.now())
	let going = true
	const end = stopped.then(() => {
		going = false
	})
	while (going) {
		for (const demo of demoModels) {
			const row = demo.row(chance, context.now(), true)
			await client
				.rows(`/v1/models/${demo.model.model}/predictions`, [row])
				.catch((error) => context.logger.warn('live traffic', { error: String(error) }))
		}
		await Promise.race([end, new Promise((resolve) => setTimeout(resolve, pauseMs).unref())])
	}
}
