import { z } from 'zod'
import type { Context } from '../../context.ts'
import { peerText } from '../../core/peer-text.ts'
import { lineageRun } from '../../registry/version/find-version.ts'
import { jsonOf, type TargetCall, type TargetReply } from '../target.ts'
import { callMlflow, type MlflowOptions, parseReference } from './client.ts'

const pair = z.object({ key: z.string(), value: z.string() })
const Version = z.object({
	version: z.coerce.string(),
	run_id: z.string().nullish(),
	tags: z.array(pair).default([]),
})
const OneVersion = z.object({ model_version: Version })
const Versions = z.object({ model_versions: z.array(Version).default([]) })
export type Registered = { version: string; run: string | null; tags: Record<string, string> }

/** A value, or the reply that has none: why says what is wrong in it. */
export type Read<T> = { ok: true; value: T } | { ok: false; reply: TargetReply; why?: string }

const toRegistered = ({ version, run_id, tags }: z.output<typeof Version>): Registered => ({
	version,
	run: run_id || null,
	tags: Object.fromEntries(tags.map(({ key, value }) => [key, value])),
})

/** One registered model of MLflow. */
export type Registry = ReturnType<typeof openRegistry>

export function openRegistry(
	context: Pick<Context, 'fetch' | 'db'>,
	options: MlflowOptions,
	name: string,
	limits: Pick<TargetCall, 'timeoutMs' | 'signal'>,
) {
	const call = (method: TargetCall['method'], path: string, parameters: Record<string, string>) =>
		callMlflow(context, options, { method, path, parameters, ...limits })
	const read = async <T>(path: string, parameters: Record<string, string>, schema: z.ZodType<T>) => {
		const reply = await call('GET', path, parameters)
		if (!reply.ok || reply.status >= 300) return { ok: false, reply } as const
		const parsed = schema.safeParse(jsonOf(reply))
		if (parsed.success) return { ok: true, value: parsed.data } as const
		return { ok: false, reply, why: 'its answer has an unexpected shape' } as const
	}
	return {
		name,
		/** The version with an alias; null if there is no such alias. */
		async aliased(alias: string): Promise<Read<Registered | null>> {
			const found = await read('registered-models/alias', { name, alias }, OneVersion)
			if (found.ok) return { ok: true, value: toRegistered(found.value.model_version) }
			return isNoAlias(found.reply) ? { ok: true, value: null } : found
		},
		/** A version; null if it is not there. */
		async version(version: string): Promise<Read<Registered | null>> {
			const found = await read('model-versions/get', { name, version }, OneVersion)
			if (found.ok) return { ok: true, value: toRegistered(found.value.model_version) }
			return isNoVersion(found.reply) ? { ok: true, value: null } : found
		},
		/** The versions that a run has made. */
		async ofRun(run: string): Promise<Read<Registered[]>> {
			const filter = `name='${name.replaceAll("'", '')}' and run_id='${run}'`
			const found = await read('model-versions/search', { filter, max_results: '100' }, Versions)
			return found.ok ? { ok: true, value: found.value.model_versions.map(toRegistered) } : found
		},
		setAlias: (alias: string, version: string) =>
			call('POST', 'registered-models/alias', { name, alias, version }),
		deleteAlias: (alias: string) => call('DELETE', 'registered-models/alias', { name, alias }),
		setTag: (version: string, key: string, value: string) =>
			call('POST', 'model-versions/set-tag', { name, version, key, value }),
	}
}

const messageOf = (reply: TargetReply): string =>
	reply.ok ? String((jsonOf(reply) as { message?: unknown } | undefined)?.message) : ''

/** MLflow says it like this, with 400 INVALID_PARAMETER_VALUE. */
const isNoAlias = (reply: TargetReply): boolean =>
	reply.ok && reply.status === 400 && /^Registered model alias .* not found\.?$/.test(messageOf(reply))

const isNoVersion = (reply: TargetReply): boolean =>
	reply.ok &&
	(reply.status === 404 || reply.status === 400) &&
	/^Model Version .* not found/.test(messageOf(reply))

/**
 * MLflow's number of a version of ours. In this order: the number that its lineage names (`models:/<name>/<number>`), its own
 * name if it is a number, the only one that its run has made. A text says why there is none.
 */
export async function numberOf(
	context: Pick<Context, 'db'>,
	registry: Registry,
	model: string,
	version: string,
): Promise<Read<string | { none: string }>> {
	const run = await lineageRun(context, model, version)
	const reference = run === undefined ? undefined : parseReference(run)
	if (reference && 'version' in reference && reference.model === registry.name)
		return { ok: true, value: reference.version }
	if (/^[1-9]\d{0,9}$/.test(version)) return { ok: true, value: version }
	const where = `${peerText(registry.name)} in MLflow`
	if (!reference || !('run' in reference))
		return {
			ok: true,
			value: {
				none: `version ${peerText(version)} is no version of ${where}: it is not a number, and has no MLflow run`,
			},
		}
	const made = await registry.ofRun(reference.run)
	if (!made.ok) return made
	const [only, other] = made.value
	if (only && !other) return { ok: true, value: only.version }
	const how = other ? 'more than one version' : 'no version'
	return {
		ok: true,
		value: { none: `the run ${reference.run} of version ${peerText(version)} has made ${how} of ${where}` },
	}
}
