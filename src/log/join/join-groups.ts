import type { RowBatch } from '../../summaries/inputs/columns.ts'
import { groupAt, missingGroup, type OutcomeSpec } from '../../summaries/outcomes/make-join-index.ts'
import type { CommitBatch, Writer } from '../append/commit-batch.ts'
import type { NewChunk } from '../append/new-chunk.ts'
import type { SummarySpec } from '../append/summary-specs.ts'
import type { Location } from '../keys/key-table.ts'
import type { FoundRow } from '../read/chunk-store.ts'
import { predictionKey, subjectKey } from '../row-kinds.ts'
import { storedOutcome } from './current-outcome.ts'
import type { JoinEntry, JoinIndexChunk, LateGroups } from './join-index-store.ts'
import { subjectNames } from './subject-name.ts'

// Groups are values of sensitive attributes: features, or values that were uploaded separately. Those that become known
// after their prediction was counted move it, with its outcome, to other groups of the outcome summaries.

type Row = { batch: RowBatch; row: number }

/** The groups in a row: of the attributes that are features, or of those that are uploaded. */
function groupsIn(
	writer: Writer,
	model: string,
	spec: OutcomeSpec,
	{ batch, row }: Row,
	isFeature: boolean,
): LateGroups {
	const groups: LateGroups = {}
	for (const attribute of spec.attributes) {
		if (attribute.isFeature !== isFeature) continue
		const value = groupAt(batch.features.get(attribute.name), row, batch.strings, attribute.edges)
		if (value !== missingGroup)
			groups[attribute.name] = writer.groupValues.groupOf(model, attribute.name, value)
	}
	return groups
}

/** Moves a prediction to the groups in its features, which came after it. */
export async function regroupByFeatures(
	writer: Writer,
	commit: CommitBatch,
	spec: SummarySpec,
	at: JoinEntry,
	features: Row,
	predictionId: string,
): Promise<void> {
	const later = groupsIn(writer, at.chunk.seriesRef.model, spec.outcomes, features, true)
	if (Object.keys(later).length > 0) await regroup(writer, commit, spec, at, later, predictionId)
}

async function regroup(
	writer: Writer,
	commit: CommitBatch,
	spec: SummarySpec,
	at: JoinEntry,
	later: LateGroups,
	predictionId: string,
): Promise<void> {
	const { model } = at.chunk.seriesRef
	const { joinIndex } = at.chunk
	const outcome = await storedOutcome(writer.lookup, model, predictionId, spec.outcomes, joinIndex)
	commit.outcomeDeltas.regroup(at, outcome, later)
	const all = { ...at.chunk.later.get(at.row), ...later }
	at.chunk.later.set(at.row, all)
	commit.statements.push({
		sql: 'INSERT OR REPLACE INTO log_group (chunk, row, groups) VALUES (?, ?, ?)',
		params: [at.chunk.id, at.row, JSON.stringify(all)],
	})
}

/** Joins predictions to the groups that were uploaded before them, by their id or their subject. */
export async function joinKnownGroups(
	writer: Writer,
	commit: CommitBatch,
	{ item, rows }: NewChunk,
	spec: SummarySpec,
	chunk: JoinIndexChunk,
): Promise<void> {
	if (spec.outcomes.attributes.every((a) => a.isFeature)) return
	const { batch, model } = item
	const subjects = Array.from(rows, (r) => batch.strings[batch.subjects[r] as number])
	const names = await subjectNames(writer, model)
	const ids = Array.from(rows, (r) => batch.ids[r] as string)
	const subjectKeys = subjects.map((s) => subjectKey(s ?? ''))
	const byId = await writer.lookup.find(model, 'group', ids.map(predictionKey))
	const bySubject = await writer.lookup.find(model, 'group', subjectKeys)
	for (let row = 0; row < rows.length; row++) {
		const subject = subjects[row]
		const known = byId.get(row)?.at(-1) ?? (subject === undefined ? undefined : latest(bySubject.get(row)))
		if (known) {
			const uploaded = { batch: known.chunk.batch, row: known.row }
			const later = groupsIn(writer, model, spec.outcomes, uploaded, false)
			await regroup(writer, commit, spec, { chunk, row }, later, ids[row] as string)
		} else if (subject !== undefined)
			commit.statements.push({
				sql: 'INSERT INTO log_group_waiting (model, subject, chunk, row) VALUES (?, ?, ?, ?)',
				params: [model, names.toStore(subject), chunk.id, row],
			})
	}
}

/** Joins uploaded groups to stored predictions: to the named one, or to all that are pending for the subject. */
export async function joinGroups(
	writer: Writer,
	commit: CommitBatch,
	{ item, rows }: NewChunk,
): Promise<void> {
	const { model, batch } = item
	for (const r of rows) {
		const key = batch.ids[r] as string
		const targets = key.startsWith('p')
			? await namedTarget(writer, commit, model, key.slice(1))
			: await pendingTargets(writer, commit, model, key.slice(1))
		for (const { at, predictionId } of targets) {
			const spec = await writer.specs.specFor(model, at.chunk.seriesRef.version)
			if (!spec) continue
			const later = groupsIn(writer, model, spec.outcomes, { batch, row: r }, false)
			await regroup(writer, commit, spec, at, later, predictionId)
		}
	}
}

type Target = { at: JoinEntry; predictionId: string }

/** What was sent last for a subject, by its own timestamp. */
function latest(rows: readonly FoundRow[] | undefined): FoundRow | undefined {
	const at = ({ chunk, row }: FoundRow) => chunk.batch.timestamps[row] as number
	return rows?.reduce((best, next) => (at(next) >= at(best) ? next : best))
}

/** The named prediction, which is then no longer pending for its subject. */
async function namedTarget(
	writer: Writer,
	commit: CommitBatch,
	model: string,
	predictionId: string,
): Promise<Target[]> {
	const ids = [predictionId]
	const at = (await writer.joinIndexes.find(model, ids, writer.lookup.hash(model, 'prediction', ids))).get(0)
	if (!at) return []
	commit.named.add(`${at.chunk.id} ${at.row}`)
	commit.statements.push({
		sql: 'DELETE FROM log_group_waiting WHERE model = ? AND chunk = ? AND row = ?',
		params: [model, at.chunk.id, at.row],
	})
	return [{ at, predictionId }]
}

async function pendingTargets(
	writer: Writer,
	commit: CommitBatch,
	model: string,
	subject: string,
): Promise<Target[]> {
	const subjects = (await subjectNames(writer, model)).toFind(subject)
	const locations = await writer.sql.all<Location>({
		sql: 'SELECT chunk, row FROM log_group_waiting WHERE model = ? AND subject IN (?, ?)',
		params: [model, ...subjects],
	})
	const targets: Target[] = []
	for (const location of locations) {
		if (commit.named.has(`${location.chunk} ${location.row}`)) continue
		const chunk = await writer.joinIndexes.chunk(location.chunk)
		const found = await writer.store.resolve(location)
		if (chunk && found)
			targets.push({
				at: { chunk, row: location.row },
				predictionId: found.chunk.batch.ids[found.row] as string,
			})
	}
	if (locations.length > 0)
		commit.statements.push({
			sql: 'DELETE FROM log_group_waiting WHERE model = ? AND subject IN (?, ?)',
			params: [model, ...subjects],
		})
	return targets
}
