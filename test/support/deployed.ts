import type { Context } from '../../src/context.ts'
import { setDeployment } from '../../src/registry/deployment/set-deployment.ts'
import { ModelInput } from '../../src/registry/model/model.schema.ts'
import { registerModel } from '../../src/registry/model/register-model.ts'
import { registerVersion } from '../../src/registry/version/register-version.ts'
import { VersionInput } from '../../src/registry/version/version.schema.ts'
import { admin } from './actors.ts'

/** The model `credit` with the versions 7, 8 and 9, of which one is the champion in production. */
export async function deployCredit(context: Context, champion = '8'): Promise<void> {
	const model = { model: 'credit', task: 'binary', positiveLabel: '1' }
	await registerModel(context, admin, ModelInput.parse(model))
	for (const version of ['7', '8', '9']) {
		const input = VersionInput.parse({ version, features: [{ name: 'income', type: 'numeric' }] })
		await registerVersion(context, admin, 'credit', input)
	}
	await setDeployment(context, admin, 'credit', 'production', { champion })
}

export const rollbackTo7 = {
	kind: 'rollback',
	model: 'credit',
	environment: 'production',
	from: '8',
	to: '7',
} as const
