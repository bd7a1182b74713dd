import { z } from 'zod'
import type { Context } from '../../context.ts'
import type { Result } from '../../core/result.ts'
import { formatTime } from '../../core/time.ts'
import type { RunDataset, RunReader, TrainingRun } from '../../ports/lineage.ts'
import { type MlflowGet, type MlflowOptions, mlflowGet, parseReference, type Reference } from './client.ts'

// A run may contain any amount of free text; more than this is not lineage.
const maxEntries = 200
const maxText = 1000

const text = z.string().transform((s) => s.slice(0, maxText))
const optional = text.nullish().transform((s) => s || null)
const list = <T extends z.ZodType>(item: T) => z.array(item).default([])
const pair = z.object({ key: text, value: text })

const Dataset = z.object({
	tags: list(pair),
	dataset: z.object({
		name: text.default(''),
		digest: text.default(''),
		source_type: text.default(''),
		source: text.default(''),
		profile: z.string().nullish(),
	}),
})

const Run = z.object({
	run: z.object({
		info: z.object({
			run_id: z.string(),
			run_name: optional,
			status: text,
			user_id: optional,
			start_time: z.coerce.number().nullish(),
			end_time: z.coerce.number().nullish(),
		}),
		data: z
			.object({
				metrics: list(z.object({ key: text, value: z.unknown() })),
				params: list(pair),
				tags: list(pair),
			})
			.default({ metrics: [], params: [], tags: [] }),
		inputs: z.object({ dataset_inputs: list(Dataset) }).default({ dataset_inputs: [] }),
	}),
})

const ModelVersion = z.object({
	name: text,
	version: z.coerce.string(),
	run_id: z.string().nullish(),
	source: text.default(''),
	aliases: list(text),
})

/** Reads runs from an MLflow tracking server (REST API 2.0; of MLflow 3 also logged models). */
export function mlflowRunReader(context: Pick<Context, 'fetch'>, options: MlflowOptions): RunReader {
	const get = mlflowGet(context, options)
	return {
		names: (reference) => parseReference(reference) !== undefined,
		read: async (reference) => {
			const parsed = parseReference(reference)
			if (!parsed) return failed(`${reference} does not name an MLflow run`)
			const found = await findRun(get, parsed)
			return found.ok ? readRun(get, found.value) : found
		},
	}
}

const failed = (message: string) => ({ ok: false, error: { message, retryable: false } }) as const

async function getParsed<T>(
	get: MlflowGet,
	path: string,
	query: Record<string, string>,
	schema: z.ZodType<T>,
) {
	const response = await get(path, query)
	if (!response.ok) return response
	const parsed = schema.safeParse(response.value)
	return parsed.success
		? ({ ok: true, value: parsed.data } as const)
		: failed(`its response has an unexpected shape: ${parsed.error.issues[0]?.path.join('.')}`)
}

/** The id of the run that a reference names. */
async function findRun(get: MlflowGet, reference: Reference): Promise<Result<string>> {
	if ('run' in reference) return { ok: true, value: reference.run }
	if ('loggedModel' in reference) {
		const schema = z.object({ model: z.object({ info: z.object({ source_run_id: z.string().nullish() }) }) })
		const response = await getParsed(get, `logged-models/${reference.loggedModel}`, {}, schema)
		if (!response.ok) return response
		const run = response.value.model.info.source_run_id
		return run ? { ok: true, value: run } : failed(`${reference.loggedModel} was logged without a run`)
	}
	const { model: name } = reference
	const [path, query] =
		'version' in reference
			? (['model-versions/get', { name, version: reference.version }] as const)
			: (['registered-models/alias', { name, alias: reference.alias }] as const)
	const response = await getParsed(get, path, query, z.object({ model_version: ModelVersion }))
	if (!response.ok) return response
	const { run_id: run, version } = response.value.model_version
	return run ? { ok: true, value: run } : failed(`${name} version ${version} was registered without a run`)
}

async function readRun(get: MlflowGet, id: string): Promise<Result<TrainingRun>> {
	const [response, models] = await Promise.all([
		getParsed(get, 'runs/get', { run_id: id }, Run),
		getParsed(
			get,
			'model-versions/search',
			{ filter: `run_id='${id.replaceAll("'", '')}'`, max_results: '100' },
			z.object({ model_versions: list(ModelVersion) }),
		),
	])
	if (!response.ok) return response
	const { info, data, inputs } = response.value.run
	const tags = entries(data.tags)
	return {
		ok: true,
		value: {
			source: 'mlflow',
			id: info.run_id,
			name: info.run_name,
			status: info.status,
			user: info.user_id,
			startedAt: timeOf(info.start_time),
			endedAt: timeOf(info.end_time),
			commit: tags['mlflow.source.git.commit'] ?? null,
			params: entries(data.params),
			metrics: Object.fromEntries(
				data.metrics
					.slice(0, maxEntries)
					.flatMap(({ key, value }) => (typeof value === 'number' ? [[key, value]] : [])),
			),
			tags,
			datasets: inputs.dataset_inputs.slice(0, maxEntries).map(toDataset),
			// Without its model registry the run is still valid.
			models: models.ok ? models.value.model_versions.map(({ run_id: _, ...model }) => model) : [],
		},
	}
}

const entries = (pairs: readonly { key: string; value: string }[]): Record<string, string> =>
	Object.fromEntries(pairs.slice(0, maxEntries).map(({ key, value }) => [key, value]))

const timeOf = (ms: number | null | undefined): string | null =>
	ms && Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? formatTime(ms) : null

function toDataset({ tags, dataset }: z.output<typeof Dataset>): RunDataset {
	return {
		name: dataset.name,
		digest: dataset.digest,
		sourceType: dataset.source_type,
		source: dataset.source,
		context: tags.find((t) => t.key === 'mlflow.data.context')?.value ?? null,
		rows: rowsOf(dataset.profile),
	}
}

/** A profile is JSON in a text, with any members. */
function rowsOf(profile: string | null | undefined): number | null {
	try {
		const { num_rows: rows } = JSON.parse(profile ?? '') as { num_rows?: unknown }
		return typeof rows === 'number' ? rows : null
	} catch {
		return null
	}
}
