import { z } from 'zod'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { parseDuration } from '../../core/time.ts'
import type {
	Acted,
	Action,
	Executor,
	ExecutorCall,
	ExecutorKind,
	ExecutorKinds,
	TargetState,
} from '../../ports/executors.ts'
import { lineageRun } from '../../registry/version/find-version.ts'
import {
	failedAct,
	failedRead,
	SecretReference,
	shownUrl,
	type TargetReply,
	Timeout,
	withUrls,
} from '../target.ts'
import { type MlflowOptions, parseReference } from './client.ts'
import { numberOf, openRegistry, type Read, type Registered, type Registry } from './registry.ts'

const settingsFor = (others: () => ExecutorKinds) =>
	withUrls(
		z.strictObject({
			/** Default: PLUMBLINE_MLFLOW_URL with its user or token. */
			url: z.string().optional(),
			username: z.string().min(1).optional(),
			password: SecretReference.optional(),
			token: SecretReference.optional(),
			alias: z.string().min(1).default('champion'),
			/** The name of the registered model. */
			model: z.string().min(1).default('{model}'),
			/** Without it, nothing of a canary is written. */
			canary_alias: z.string().min(1).optional(),
			tags: z.record(z.string(), z.string()).default({}),
			/** What deploys: another executor, by its name. */
			// biome-ignore lint/suspicious/noThenProperty: its name in approvals.yaml
			then: z.record(z.string(), z.unknown()).optional(),
			timeout: Timeout,
			insecure: z.boolean().optional(),
		}),
		{ url: [] },
	).superRefine(({ then }, issues) => {
		if (then === undefined) return
		const [[name, settings] = ['', {}], second] = Object.entries(then)
		const known = Object.values(others()).filter((kind) => kind.name !== 'mlflow')
		const kind = known.find((k) => k.name === name)
		const fault = (message: string, path: PropertyKey[] = []) =>
			issues.addIssue({ code: 'custom', path: ['then', ...path], message })
		if (!kind || second) return fault(`must name one executor: ${known.map((k) => k.name).join(', ')}`)
		for (const issue of kind.settings.safeParse(settings ?? {}).error?.issues ?? [])
			fault(issue.message, [name, ...issue.path])
	})
type Settings = z.output<ReturnType<typeof settingsFor>>

/** The percentage that a canary of MLflow's has, since an alias has none. */
const percentTag = 'plumbline.canary_percent'

type Open = {
	context: Context
	settings: Settings
	connection: MlflowOptions | undefined
	/** The second executor. */
	next: Executor | undefined
}

/** Moves an alias of MLflow's model registry. That redeploys nothing: `then` names what does. */
export const mlflowExecutor =
	(connection?: MlflowOptions) =>
	(context: Context, others: () => ExecutorKinds): ExecutorKind => {
		const schema = settingsFor(others)
		return {
			name: 'mlflow',
			settings: schema,
			open: (given) => {
				const settings = schema.parse(given)
				const [[name, nextSettings] = []] = Object.entries(settings.then ?? {})
				const next = name === undefined ? undefined : others()[name]?.open(nextSettings ?? {})
				return open({ context, settings, connection, next })
			},
		}
	}

function open(opened: Open): Executor {
	const { next } = opened
	const { poll, resultOf } = next ?? {}
	return {
		name: 'mlflow',
		plan: (action) => ({ executor: 'mlflow', calls: planOf(opened, action) }),
		act: (call) => act(opened, call),
		// Where the second executor cannot be read, the alias alone would say that all is done.
		...(next === undefined || next.read ? { read: (call: ExecutorCall) => read(opened, call) } : {}),
		...(poll ? { poll: (call: ExecutorCall) => poll(call) } : {}),
		...(resultOf ? { resultOf: (headers: Headers, body: Uint8Array) => resultOf(headers, body) } : {}),
	}
}

const filled = (text: string, { model, environment }: Action): string =>
	text.replaceAll('{model}', model).replaceAll('{environment}', environment)

function planOf({ settings, connection, next }: Open, action: Action): string[] {
	const { alias, canary_alias: canaryAlias } = settings
	const url = `${shownUrl(settings.url ?? connection?.url ?? 'PLUMBLINE_MLFLOW_URL')}/api/2.0/mlflow`
	const name = JSON.stringify(filled(settings.model, action))
	const { canary, to = '' } = action
	const version = JSON.stringify(to)
	const calls = [
		`GET ${url}/registered-models/alias of ${name}, before and afterwards: which version is ${alias}`,
		`GET ${url}/model-versions/get of ${name} version ${version}: whether MLflow has it`,
		`POST ${url}/model-versions/set-tag on it: ${tagNames(settings).join(', ')}`,
		`POST ${url}/registered-models/alias of ${name}: ${alias} is version ${version}`,
	]
	if (canaryAlias !== undefined && canary)
		calls.push(
			`POST ${url}/registered-models/alias of ${name}: ${canaryAlias} is version ${JSON.stringify(canary.version)}, tagged with ${canary.percent} percent`,
		)
	if (canaryAlias !== undefined && canary === null)
		calls.push(`DELETE ${url}/registered-models/alias of ${name}: ${canaryAlias}`)
	if (!next) return [...calls, 'An alias redeploys nothing: what serves must itself load the new version.']
	return [...calls, `An alias redeploys nothing, so ${next.name} is called next.`, ...next.plan(action).calls]
}

const tagNames = ({ tags }: Settings): string[] => [
	'plumbline.request',
	'plumbline.incident',
	...Object.keys(tags),
]

/** The registered model of a call; a text says why there is no connection to it. */
async function connect(opened: Open, { action, signal }: ExecutorCall): Promise<Registry | string> {
	const { context, settings } = opened
	const { url, username, password, token } = settings
	const timeoutMs = parseDuration(settings.timeout) as number
	try {
		const secret = (reference: string | undefined) => reference && context.readSecret(reference)
		const options =
			url === undefined
				? opened.connection
				: { url, username, password: await secret(password), token: await secret(token) }
		if (!options) return 'MLflow is not connected: set PLUMBLINE_MLFLOW_URL, or `url` in approvals.yaml'
		return openRegistry(context, options, filled(settings.model, action), { timeoutMs, signal })
	} catch (error) {
		if (error instanceof AppError) return error.message
		throw error
	}
}

type ReadResult = Awaited<ReturnType<NonNullable<Executor['read']>>>
const unread = (message: string, retryable = true): ReadResult => ({
	ok: false,
	error: { message, retryable },
})

function unreadBy(context: Context, { reply, why }: Extract<Read<unknown>, { ok: false }>): ReadResult {
	const failed = failedRead(reply, context.now())
	return failed ? { ok: false, error: failed } : unread(why ?? 'its answer cannot be read')
}

/** What the alias says, and the second executor: the action is done only where both are at `to`. */
async function read(opened: Open, call: ExecutorCall): Promise<ReadResult> {
	const registry = await connect(opened, call)
	if (typeof registry === 'string') return unread(registry)
	const state = await readRegistry(opened, registry, call)
	const { next } = opened
	if (!state.ok || !next?.read) return state
	const second = await next.read(call)
	if (!second.ok) return second
	const detail = `${state.value.detail}; ${next.name}: ${second.value.detail}`
	// The alias moves first. While it is not there, it says where the whole is, afterwards the second executor does.
	const hasMoved = state.value.version === call.action.to
	return { ok: true, value: { ...(hasMoved ? second.value : state.value), detail } }
}

async function readRegistry(
	{ context, settings }: Open,
	registry: Registry,
	{ action }: ExecutorCall,
): Promise<ReadResult> {
	const { alias, canary_alias: canaryAlias } = settings
	const champion = await registry.aliased(alias)
	if (!champion.ok) return unreadBy(context, champion)
	const version = await nameOf(context, registry, action, champion.value)
	if (!version.ok) return unreadBy(context, version)
	const shown = champion.value ? `${alias} is version ${champion.value.version}` : `there is no ${alias}`
	const value: TargetState = { version: version.value, detail: `MLflow: ${shown} of ${registry.name}` }
	if (canaryAlias === undefined || action.canary === undefined) return { ok: true, value }
	const canary = await registry.aliased(canaryAlias)
	if (!canary.ok) return unreadBy(context, canary)
	const canaryName = await nameOf(context, registry, action, canary.value)
	if (!canaryName.ok) return unreadBy(context, canaryName)
	const percent = Number(canary.value?.tags[percentTag])
	value.canary = canaryName.value === null ? null : { version: canaryName.value, percent }
	return { ok: true, value }
}

/** Our name of a version of MLflow's, as far as the action names it; else MLflow's number. */
async function nameOf(
	context: Context,
	registry: Registry,
	{ model, from, to, canary }: Action,
	registered: Registered | null,
): Promise<Read<string | null>> {
	if (registered === null) return { ok: true, value: null }
	for (const name of new Set([to, from, canary?.version])) {
		if (name === undefined) continue
		const number = await numberOf(context, registry, model, name)
		if (!number.ok) return number
		if (number.value === registered.version) return { ok: true, value: name }
	}
	return { ok: true, value: registered.version }
}

async function act(opened: Open, call: ExecutorCall): Promise<Acted> {
	const { settings, next } = opened
	const { action } = call
	if (action.to === undefined)
		return { status: 'refused', detail: `MLflow has no alias to move for a ${action.kind}` }
	if (action.kind === 'canary' && settings.canary_alias === undefined)
		return {
			status: 'refused',
			detail: 'an alias has no share of the traffic; set `canary_alias` for canaries',
		}
	const registry = await connect(opened, call)
	if (typeof registry === 'string') return { status: 'unsure', known: 'not-done', detail: registry }
	const moved = await moveAliases(opened, registry, call)
	if (moved.status !== 'done' || !next) return moved
	const acted = await next.act(call)
	const detail = `${moved.detail}; ${next.name}: ${acted.detail}`
	// The alias is moved by now, so that the whole has neither happened nor not happened.
	if (acted.status === 'refused') return { status: 'unsure', detail }
	if (acted.status === 'unsure') return { ...acted, known: undefined, detail }
	return { ...acted, detail }
}

/** What went wrong in a read, as the result of an act that has not written anything yet. */
function failedBy(context: Context, reply: TargetReply, why?: string): Acted {
	const failed = failedAct(reply, context.now()) ?? { status: 'unsure', detail: why ?? 'no answer' }
	return failed.status === 'unsure' ? { ...failed, known: 'not-done' } : failed
}

async function moveAliases(opened: Open, registry: Registry, call: ExecutorCall): Promise<Acted> {
	const { context, settings } = opened
	const { alias, canary_alias: canaryAlias } = settings
	const { to = '', from, canary } = call.action
	const target = await targetVersion(context, registry, call.action, to)
	if ('status' in target) return target
	const before = await registry.aliased(alias)
	if (!before.ok) return failedBy(context, before.reply, before.why)
	const beforeName = await nameOf(context, registry, call.action, before.value)
	if (!beforeName.ok) return failedBy(context, beforeName.reply, beforeName.why)
	if (beforeName.value !== to && beforeName.value !== (from ?? null))
		return {
			status: 'refused',
			detail: `MLflow's ${alias} of ${registry.name} is version ${before.value?.version ?? '(none)'}, neither ${from} nor ${to}`,
		}
	const writes: (() => Promise<TargetReply>)[] = tagsOf(settings, call).map(
		([key, value]) =>
			() =>
				registry.setTag(target.version, key, value),
	)
	if (before.value?.version !== target.version) writes.push(() => registry.setAlias(alias, target.version))
	if (canaryAlias !== undefined && canary === null) writes.push(() => registry.deleteAlias(canaryAlias))
	if (canaryAlias !== undefined && canary) {
		const version = await targetVersion(context, registry, call.action, canary.version)
		if ('status' in version) return version
		writes.push(() => registry.setTag(version.version, percentTag, String(canary.percent)))
		writes.push(() => registry.setAlias(canaryAlias, version.version))
	}
	for (const write of writes) {
		const failed = failedAct(await write(), context.now())
		if (failed) return failed
	}
	const after = await registry.aliased(alias)
	if (!after.ok) return { ...failedBy(context, after.reply, after.why), status: 'unsure', known: 'over' }
	if (after.value?.version !== target.version)
		return {
			status: 'unsure',
			known: 'over',
			detail: `MLflow's ${alias} is still version ${after.value?.version}`,
		}
	return { status: 'done', detail: `MLflow: ${alias} is version ${target.version} of ${registry.name}` }
}

const tagsOf = (
	settings: Settings,
	{ idempotencyKey, incident, action }: ExecutorCall,
): [string, string][] => [
	['plumbline.request', idempotencyKey],
	...(incident === undefined ? [] : [['plumbline.incident', incident] as [string, string]]),
	...Object.entries(settings.tags).map(([k, v]): [string, string] => [k, filled(v, action)]),
]

/** The version of MLflow's that is meant, if it is there and made by the run that our version names. */
async function targetVersion(
	context: Context,
	registry: Registry,
	{ model }: Action,
	name: string,
): Promise<Registered | Acted> {
	const number = await numberOf(context, registry, model, name)
	if (!number.ok) return failedBy(context, number.reply, number.why)
	if (typeof number.value === 'object') return { status: 'refused', detail: number.value.none }
	const found = await registry.version(number.value)
	if (!found.ok) return failedBy(context, found.reply, found.why)
	if (found.value === null)
		return { status: 'refused', detail: `MLflow has no version ${number.value} of ${registry.name}` }
	const run = parseReference((await lineageRun(context, model, name)) ?? '')
	if (run && 'run' in run && found.value.run !== null && found.value.run !== run.run)
		return {
			status: 'refused',
			detail: `MLflow's version ${number.value} of ${registry.name} was made by the run ${found.value.run}, and version ${name} here by ${run.run}`,
		}
	return found.value
}
