import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { AppError, type Fault } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { deployments } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { factMessages } from '../lineage/facts.ts'
import { didYouMean, findModel } from '../model/find-model.ts'
import { nameFault } from '../model/name.ts'
import { versionNames } from '../version/find-version.ts'
import type { Deployment, DeploymentInput } from './deployment.schema.ts'
import { findDeployment } from './get-deployment.ts'

type Serving = Pick<Deployment, 'champion' | 'challenger' | 'canary'>

/**
 * Records what serves in an environment. The same again makes no new revision. Throws `not-found`, `invalid` for versions
 * that are not registered, and `conflict` when another deployment was made at the same time. `mayChange` throws for a
 * change that is not made here.
 */
export async function setDeployment(
	context: Context,
	actor: Actor,
	model: string,
	environment: string,
	input: DeploymentInput,
	mayChange?: (before: Serving, wanted: Serving) => Promise<void>,
): Promise<{ deployment: Deployment; isNew: boolean }> {
	authorise(actor, 'admin', model)
	await findModel(context, model)
	await check(context, model, environment, input)
	const before = await findDeployment(context, model, environment)
	const { champion, challenger = null, canary = null } = input
	const wanted = { champion, challenger, canary }
	if (before && canonicalJson(content(before)) === canonicalJson(wanted))
		return { deployment: before, isNew: false }
	if (before) await mayChange?.(before, wanted)
	const { row, entry, changes } = deploymentChange(context, { model, environment, before, wanted })
	await commit(context, actor, entry, changes)
	return { deployment: { ...row, since: formatTime(row.since) }, isNew: before === undefined }
}

type NewDeployment = {
	model: string
	environment: string
	/** The deployment in force. The commit fails if there is a newer one by then. */
	before: Deployment | undefined
	wanted: Serving
	why?: string
}

/** The next revision of a deployment, with its entry and its messages, for the commit of what it is part of. */
export function deploymentChange(
	context: Context,
	{ model, environment, before, wanted, why }: NewDeployment,
) {
	const row = { model, environment, revision: (before?.revision ?? 0) + 1, ...wanted, since: context.now() }
	const { revision } = row
	const entry: EntryDraft = {
		action: 'set-deployment',
		object: `deployment:${model}/${environment}`,
		model,
		...(why === undefined ? {} : { why }),
		details: { revision, ...wanted, ...(before ? { before: content(before) } : {}) },
	}
	const query = context.db.insert(deployments).values(row).onConflictDoNothing()
	const changes: Change[] = [
		{ query, guarded: true },
		...factMessages(context, { fact: 'deployment', model, environment, revision }),
	]
	return { row, entry, changes }
}

const content = ({ champion, challenger, canary }: Deployment) => ({ champion, challenger, canary })

async function check(
	context: Context,
	model: string,
	environment: string,
	input: DeploymentInput,
): Promise<void> {
	const faults: Fault[] = []
	const environmentFault = nameFault(environment)
	if (environmentFault) faults.push({ path: 'environment', message: environmentFault })
	const known = await versionNames(context, model)
	const named = {
		champion: input.champion,
		challenger: input.challenger,
		'canary.version': input.canary?.version,
	}
	for (const [path, version] of Object.entries(named)) {
		if (version === undefined || version === null || known.includes(version)) continue
		const next = didYouMean(version, known, 'Register the version first.')
		faults.push({ path, message: `${JSON.stringify(version)} is not a version of this model.${next}` })
	}
	if (input.challenger === input.champion)
		faults.push({ path: 'challenger', message: 'is the champion itself' })
	if (input.canary?.version === input.champion)
		faults.push({ path: 'canary.version', message: 'is the champion itself' })
	const [first] = faults
	if (first) throw new AppError('invalid', `${first.path}: ${first.message}`, { faults })
}
