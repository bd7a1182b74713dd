import { sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import type { PageQuery } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { modelVersions } from '../../db/schema.ts'
import { noPrediction } from '../../ingest/read-prediction.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { type OriginKind, originsOf, type TracedVersion } from '../../registry/lineage/links.ts'
import { keptRun, readTrainingRun } from '../../registry/lineage/training-run.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { findVersion, type VersionRow } from '../../registry/version/find-version.ts'
import { predictionChain, useChain, versionChain } from './chain.ts'
import { findOrigin, findVersions, type LinkedVersion, type Origin } from './find-versions.ts'
import { addPrediction, addUses, addVersion, LineageGraph, servedIn } from './graph.ts'
import { registrations } from './ledger-refs.ts'
import type { Direction, Lineage } from './lineage.schema.ts'
import { lineageOfPrediction } from './lineage-of-prediction.ts'

type LineageQuery = PageQuery & {
	from: string
	direction?: Direction | undefined
	depth?: number | undefined
}

const maxDepth = 10

/**
 * Where something comes from and where it led: from a prediction back to its data, or from data, code, a run, an image or
 * an artefact forward to decisions. Models outside the actor's scope are left out. Throws `not-found` with the nearest name,
 * and `forbidden` for a named model out of scope.
 */
export async function readLineage(context: Context, actor: Actor, query: LineageQuery): Promise<Lineage> {
	authorise(actor, 'viewer')
	const origin = await findOrigin(context, actor, query.from)
	const graph = new LineageGraph()
	const direction = query.direction ?? defaultDirection(origin)
	const { id, chain, next } = await build(context, actor, graph, origin, { ...query, direction })
	return { from: id, direction, ...graph.within(id, query.depth ?? maxDepth), chain, next }
}

const defaultDirection = ({ kind }: Origin): Direction =>
	kind === 'prediction' ? 'back' : kind === 'version' ? 'both' : 'forward'

type Built = { id: string; chain: string[]; next: string | null }
type DirectedQuery = PageQuery & { direction: Direction }

function build(
	context: Context,
	actor: Actor,
	graph: LineageGraph,
	origin: Origin,
	query: DirectedQuery,
): Promise<Built> {
	if (origin.kind === 'prediction')
		return fromPrediction(context, actor, graph, origin.model, origin.predictionId)
	if (origin.kind === 'version')
		return fromVersion(context, actor, graph, origin.model, origin.version, query.direction)
	return fromOrigin(context, actor, graph, origin, query)
}

async function fromPrediction(
	context: Context,
	actor: Actor,
	graph: LineageGraph,
	modelName: string,
	predictionId: string,
): Promise<Built> {
	authorise(actor, 'viewer', modelName)
	const model = await findModel(context, modelName)
	const prediction = await context.log.read(model.name, predictionId)
	if (!prediction) throw await noPrediction(context, model.name, predictionId)
	await recordLookUp(context, actor, prediction)
	const row = await versionOf(context, model.name, prediction.version)
	// The run first, so that the stored copy is the one just read.
	const reading = await readTrainingRun(context, row)
	const [lineage, served] = await Promise.all([
		lineageOfPrediction(context, model, row, prediction),
		servedIn(context, [row]),
	])
	const history = served.filter((s) => s.environment === prediction.environment)
	const id = addPrediction(graph, prediction, row, lineage, reading)
	addUses(graph, history, [])
	return {
		id,
		chain: predictionChain(prediction, row, lineage, reading, history),
		next: null,
	}
}

/** Records the look-up in the ledger. */
const recordLookUp = (context: Context, actor: Actor, { model, predictionId }: StoredPrediction) =>
	commit(context, actor, { action: 'read-lineage', object: `prediction:${model}/${predictionId}`, model }, [])

async function fromVersion(
	context: Context,
	actor: Actor,
	graph: LineageGraph,
	model: string,
	version: string,
	direction: Direction,
): Promise<Built> {
	authorise(actor, 'viewer', model)
	const row = await versionOf(context, model, version)
	const chain: string[] = []
	if (direction === 'forward') graph.node('version', `${model}@${version}`, { model, version })
	else {
		const [reading, ledgerRefs] = await Promise.all([
			readTrainingRun(context, row),
			registrations(context, [row]),
		])
		const registered = ledgerRefs.get(`${model}@${version}`)
		addVersion(graph, row, registered, reading)
		chain.push(...versionChain(row, registered, reading))
	}
	if (direction !== 'back') chain.push(...(await addForward(context, graph, [row])))
	return { id: `version:${model}@${version}`, chain, next: null }
}

async function addForward(context: Context, graph: LineageGraph, rows: readonly TracedVersion[]) {
	const [services, counts] = await Promise.all([servedIn(context, rows), context.log.counts(rows)])
	addUses(graph, services, counts)
	return useChain(rows, services, counts)
}

const edgeKinds: Record<OriginKind, string> = {
	artifact: 'loaded',
	run: 'produced',
	dataset: 'trained',
	commit: 'code',
	image: 'image',
}

async function fromOrigin(
	context: Context,
	actor: Actor,
	graph: LineageGraph,
	origin: { kind: OriginKind; value: string },
	query: DirectedQuery,
): Promise<Built> {
	const { values, page } = await findVersions(context, actor, origin, query)
	const { kind } = origin
	const id = graph.node(kind, values[0] as string, values.length > 1 ? { alsoWritten: values.slice(1) } : {})
	const rows = await readVersions(context, page.items)
	const ledgerRefs = await registrations(context, rows)
	for (const row of rows) {
		const name = `${row.model}@${row.version}`
		const version = graph.node('version', name, {
			model: row.model,
			version: row.version,
			registeredAt: formatTime(row.createdAt),
			registeredBy: ledgerRefs.get(name)?.who ?? null,
		})
		if (query.direction !== 'forward')
			addVersion(graph, row, ledgerRefs.get(name), await keptRun(context, row))
		if (query.direction !== 'forward' && isRegistered(row, kind, values)) continue
		const { source } = page.items.find((v) => `${v.model}@${v.version}` === name) as LinkedVersion
		const by = source === 'mlflow' ? source : undefined
		graph.edge(id, version, edgeKinds[kind], formatTime(row.createdAt), by)
	}
	const more = page.next === null ? '' : ' on this page'
	const chain = [
		`${rows.length} version${rows.length === 1 ? '' : 's'} came from the ${kind} ${values[0]}${more}.`,
		...(query.direction === 'back'
			? rows.flatMap((row) => versionChain(row, ledgerRefs.get(`${row.model}@${row.version}`), undefined))
			: await addForward(context, graph, rows)),
	]
	return { id, chain, next: page.next }
}

/** Whether the version's own graph already has an edge from the value. */
function isRegistered(row: TracedVersion, kind: OriginKind, values: readonly string[]): boolean {
	const { artifact, ...origins } = originsOf(row)
	const value = kind === 'artifact' ? artifact?.sha256 : origins[kind]
	return value === values[0]
}

async function versionOf(context: Context, model: string, version: string): Promise<VersionRow> {
	const row = await findVersion(context, model, version)
	const [whole = row] = await withUploaded(context, [row])
	return whole
}

/** The rows of a page of versions, in its order. */
async function readVersions(
	context: Context,
	versions: readonly { model: string; version: string }[],
): Promise<TracedVersion[]> {
	const names = JSON.stringify(versions.map((v) => [v.model, v.version]))
	const { model, version, artifact, lineage, metrics, createdAt } = modelVersions
	const rows = await context.db
		.select({ model, version, artifact, lineage, metrics, createdAt })
		.from(modelVersions)
		.where(
			sql`(${modelVersions.model}, ${modelVersions.version}) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${names}))`,
		)
		.orderBy(modelVersions.model, modelVersions.version)
	return withUploaded(context, rows)
}

type Row = Pick<TracedVersion, 'model' | 'version' | 'artifact'>

/** Versions, with the uploaded artefact for those registered without one. */
async function withUploaded<R extends Row>(context: Context, rows: readonly R[]): Promise<R[]> {
	const bare = rows.filter((row) => row.artifact === null)
	if (bare.length === 0) return [...rows]
	const found = await context.sql.all<{ model: string; version: string; sha256: string; format: string }>({
		sql: `SELECT model, version, sha256, format FROM version_artifact
			WHERE (model, version) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`,
		params: [JSON.stringify(bare.map(({ model, version }) => [model, version]))],
	})
	const keyOf = (model: string, version: string) => JSON.stringify([model, version])
	const uploaded = new Map(
		found.map(({ model, version, sha256, format }) => [keyOf(model, version), { sha256, format }]),
	)
	return rows.map((row) => ({
		...row,
		artifact: row.artifact ?? uploaded.get(keyOf(row.model, row.version)) ?? null,
	}))
}
