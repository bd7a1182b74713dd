import { commit } from '../../src/db/commit.ts'
import { pointerKind } from '../../src/execution/pointer/pointer.ts'
import { setDeployment } from '../../src/registry/deployment/set-deployment.ts'
import { ModelInput } from '../../src/registry/model/model.schema.ts'
import { registerModel } from '../../src/registry/model/register-model.ts'
import { registerVersion } from '../../src/registry/version/register-version.ts'
import { VersionInput } from '../../src/registry/version/version.schema.ts'
import { describeExecutor, rollback, type Subject } from '../integrations/executor-contract.ts'
import { admin } from '../support/actors.ts'
import { testContext } from '../support/context.ts'

/** The deployment of credit-default at version 7, and an executor whose changes are committed as the engine commits them. */
async function withPointer(): Promise<Subject> {
	const { context, close } = await testContext()
	const { model, environment } = rollback
	await registerModel(context, admin, ModelInput.parse({ model, task: 'binary' }))
	for (const version of ['5', '6', '7'])
		await registerVersion(context, admin, model, VersionInput.parse({ version, features: [] }))
	await setDeployment(context, admin, model, environment, { champion: '7' })
	const kind = pointerKind(context)
	let effects = 0
	return {
		kind: {
			...kind,
			open(settings) {
				const executor = kind.open(settings)
				return {
					...executor,
					async act(call) {
						const acted = await executor.act(call)
						if (acted.status !== 'done' || !acted.changes) return acted
						await commit(context, admin, acted.changes.entries, acted.changes.changes)
						effects++
						return acted
					},
				}
			},
		},
		settings: {},
		effects: () => effects,
		setVersion: async (version) =>
			(await setDeployment(context, admin, model, environment, { champion: version })).deployment.champion,
		close,
	}
}

describeExecutor(withPointer)
