import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { badCursor, cursorParts, encodeCursor, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime, hourMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { authorise, inScope } from '../../registry/key/authorise.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import { findOrigin, findVersions, type Origin } from './find-versions.ts'
import type { TouchedPrediction } from './lineage.schema.ts'

type Named = { model: string; version: string }
/** The decision after which a page begins: [model, version, time, id]. */
type Position = [string, string, number, string]
type Found = Named & { environment: string; at: number; id: string }

const versionsAtOnce = 100

/**
 * The ids of the decisions that an artefact, run, data set, commit, image or version led to: version by version, by time.
 * The look-up is recorded in the ledger. Throws as `readLineage` does.
 */
export async function listPredictions(
	context: Context,
	actor: Actor,
	query: PageQuery & { from: string },
): Promise<Page<TouchedPrediction>> {
	authorise(actor, 'viewer')
	const origin = await findOrigin(context, actor, query.from)
	const position = positionOf(query.cursor)
	const want = query.limit + 1
	const found: Found[] = []
	for await (const versions of versionsOf(context, actor, origin, position)) {
		const counts = await context.log.counts(versions)
		for (const version of versions) {
			const spans = counts.filter((c) => c.model === version.model && c.version === version.version)
			if (spans.length === 0 || found.length >= want) continue
			const span = { from: Math.min(...spans.map((s) => s.from)), to: Math.max(...spans.map((s) => s.to)) }
			found.push(...(await decisionsAfter(context, version, position, span, want - found.length)))
		}
		if (found.length >= want) break
	}
	const entry = {
		action: 'list-lineage-predictions',
		object: `lineage:${query.from}`,
		...(origin.kind === 'version' ? { model: origin.model } : {}),
	}
	await commit(context, actor, entry, [])
	return toPage(
		found,
		query.limit,
		({ model, version, at, id }) => JSON.stringify([model, version, at, id] satisfies Position),
		({ id, at, ...rest }) => ({ ...rest, predictionId: id, timestamp: formatTime(at) }),
	)
}

/** The last version of the previous page, then those after it. */
async function* versionsOf(
	context: Context,
	actor: Actor,
	origin: Origin,
	position: Position | undefined,
): AsyncGenerator<readonly Named[]> {
	if (origin.kind === 'prediction') throw notListed()
	if (origin.kind === 'version') {
		authorise(actor, 'viewer', origin.model)
		await findVersion(context, origin.model, origin.version)
		yield [origin]
		return
	}
	let cursor: string | undefined
	if (position) {
		const [model, version] = position
		if (inScope(actor, model)) yield [{ model, version }]
		cursor = encodeCursor(JSON.stringify([model, version]))
	}
	do {
		const { page } = await findVersions(context, actor, origin, {
			limit: versionsAtOnce,
			...(cursor === undefined ? {} : { cursor }),
		})
		yield page.items
		cursor = page.next ?? undefined
	} while (cursor !== undefined)
}

/**
 * The first `want` decisions of a version after a position, by time and then id. Scans one hour, then twice as much each
 * time, so that neither many rows nor long pauses cost much.
 */
async function decisionsAfter(
	context: Context,
	{ model, version }: Named,
	position: Position | undefined,
	span: { from: number; to: number },
	want: number,
): Promise<Found[]> {
	const isHere = position?.[0] === model && position[1] === version
	const [, , at, id] = isHere ? position : ['', '', Number.NEGATIVE_INFINITY, '']
	let found: Found[] = []
	const first = () => {
		found = found.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).slice(0, want)
	}
	let from = Math.max(span.from, at)
	for (let size = hourMs; from <= span.to && found.length < want; size *= 2) {
		await context.log.scan({ model, version, from, to: from + size }, (rows, { environment }) => {
			for (let r = 0; r < rows.rows; r++) {
				const [time, name] = [rows.timestamps[r] as number, rows.ids[r] as string]
				if (time > at || (time === at && name > id))
					found.push({ model, version, environment, at: time, id: name })
			}
			if (found.length > 4 * want) first()
		})
		first()
		from += size
	}
	return found
}

const notListed = () => {
	const message = 'a prediction is already one decision; name what it came from'
	return new AppError('invalid', `from: ${message}.`, { faults: [{ path: 'from', message }] })
}

function positionOf(cursor: string | undefined): Position | undefined {
	const parts = cursorParts(cursor)
	if (!parts) return undefined
	const [model, version, at, id] = parts
	if (
		typeof model === 'string' &&
		typeof version === 'string' &&
		typeof at === 'number' &&
		typeof id === 'string'
	)
		return [model, version, at, id]
	throw badCursor()
}
