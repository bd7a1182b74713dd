import { z } from 'zod'
import type { Context } from '../../context.ts'
import type { ChangeSet } from '../../db/changes.ts'
import type {
	Action,
	Canary,
	Executor,
	ExecutorCall,
	ExecutorKind,
	TargetState,
} from '../../ports/executors.ts'
import type { Deployment } from '../../registry/deployment/deployment.schema.ts'
import { findDeployment } from '../../registry/deployment/get-deployment.ts'
import { deploymentChange } from '../../registry/deployment/set-deployment.ts'

/** The kinds of actions that change what serves. */
export const servingKinds: readonly string[] = ['rollback', 'promotion', 'canary', 'deployment']

/** Changes the deployment that Plumbline itself records: serving processes follow it. */
export const pointerKind = (context: Context): ExecutorKind<ChangeSet> => ({
	name: 'pointer',
	settings: z.strictObject({}),
	open: () => pointer(context),
})

const pointer = (context: Context): Executor<ChangeSet> => ({
	name: 'pointer',
	isLocal: true,
	plan,
	read: async ({ action }) => ({
		ok: true,
		value: stateOf(await findDeployment(context, action.model, action.environment)),
	}),
	act: async (call) => {
		const { action } = call
		if (!servingKinds.includes(action.kind) || action.to === undefined)
			return {
				status: 'refused',
				detail: `The deployment pointer cannot carry out a ${action.kind}. ${elsewhere}`,
			}
		const before = await findDeployment(context, action.model, action.environment)
		return {
			status: 'done',
			detail: `The deployment of ${action.model} in ${action.environment} is ${action.to}${canaryText(action.canary)}.`,
			changes: moveDeployment(context, call, before),
		}
	},
})

const elsewhere = 'Name an executor for it in approvals.yaml, such as a webhook or a pipeline.'

function plan(action: Action) {
	const { kind, model, environment, from, to, canary } = action
	const calls = servingKinds.includes(kind)
		? [`set the deployment of ${model} in ${environment} from ${from} to ${to}${canaryText(canary)}`]
		: []
	return { executor: 'pointer', calls }
}

const canaryText = (canary: Canary | null | undefined): string =>
	canary === undefined
		? ''
		: canary === null
			? ', no canary'
			: `, canary ${canary.version} at ${canary.percent} %`

const stateOf = (deployment: Deployment | undefined): TargetState =>
	deployment === undefined
		? { version: null, canary: null, detail: 'nothing is deployed' }
		: {
				version: deployment.champion,
				canary: deployment.canary,
				detail: `the champion is ${deployment.champion}${canaryText(deployment.canary ?? undefined)}`,
			}

/** What is to serve after the action. */
function deploymentAfter({ to, canary, challenger }: Action, before: Deployment | undefined) {
	const champion = to as string
	const next = challenger === undefined ? (before?.challenger ?? null) : challenger
	return {
		champion,
		challenger: next === champion ? null : next,
		canary: canary === undefined ? (before?.canary ?? null) : canary,
	}
}

/** Sets the deployment to what the action asks for. The commit fails if there is a newer deployment by then. */
export function moveDeployment(
	context: Context,
	{ action, idempotencyKey }: Pick<ExecutorCall, 'action' | 'idempotencyKey'>,
	before: Deployment | undefined,
): ChangeSet {
	const { model, environment } = action
	const wanted = deploymentAfter(action, before)
	const why = `request:${idempotencyKey}`
	const { entry, changes } = deploymentChange(context, { model, environment, before, wanted, why })
	return { changes, entries: [entry] }
}
