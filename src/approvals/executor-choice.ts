import type { Context } from '../context.ts'
import type { ChangeSet } from '../db/changes.ts'
import type { RequestKind } from '../db/schema.ts'
import type { Action, Executor } from '../ports/executors.ts'
import type { ModelRow } from '../registry/model/find-model.ts'
import { type ActionTarget, matchesAction } from '../rules/approval-policies.ts'

/** The kinds that change which versions serve. */
export const deploymentKinds: readonly string[] = [
	'rollback',
	'promotion',
	'deployment',
	'canary',
] satisfies RequestKind[]

/** What policies and executors match. */
export const targetOf = (
	{ kind, environment }: Pick<Action, 'kind' | 'environment'>,
	{ name, tags, riskTier }: Pick<ModelRow, 'name' | 'tags' | 'riskTier'>,
): ActionTarget => ({ kind, model: name, tags, riskTier, environment })

/**
 * What carries the action out, with its settings: for deployments and retrainings the first executor of `approvals.yaml` that
 * matches, else the pointer; any other kind changes Plumbline itself, and its executor has the name of the kind.
 */
export function executorChoice(
	context: Context,
	action: Pick<Action, 'kind' | 'environment'>,
	model: Pick<ModelRow, 'name' | 'tags' | 'riskTier'>,
): { name: string; settings: unknown } {
	const isLocal = !deploymentKinds.includes(action.kind) && action.kind !== 'retraining'
	if (isLocal) return { name: action.kind, settings: {} }
	const target = targetOf(action, model)
	return context.policies.current().executors.find((e) => matchesAction(e, target)) ?? pointer
}

/** What carries the action out, opened. Undefined if it is not connected. */
export function executorFor(
	context: Context,
	action: Action,
	model: Pick<ModelRow, 'name' | 'tags' | 'riskTier'>,
): { name: string; executor: Executor<ChangeSet> | undefined } {
	const { name, settings } = executorChoice(context, action, model)
	return { name, executor: context.executors[name]?.open(settings) }
}

const pointer = { name: 'pointer', settings: {} }
