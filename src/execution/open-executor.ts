import type { Context } from '../context.ts'
import { AppError } from '../core/errors.ts'
import type { ChangeSet } from '../db/changes.ts'
import type { Action, Executor } from '../ports/executors.ts'

/** The executor that carries out an action. */
export async function openExecutor(context: Context, action: Action): Promise<Executor<ChangeSet>> {
	const choice = context.policies.current().executors.find((e) => e.kinds?.includes(action.kind) ?? true)
	const kind = context.executors[choice?.name ?? 'pointer']
	if (!kind) throw new AppError('unavailable', `There is no executor "${choice?.name ?? 'pointer'}".`)
	return kind.open(choice?.settings ?? {})
}
