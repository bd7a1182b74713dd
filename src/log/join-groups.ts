import type { RowBatch } from '../summaries/inputs/columns.ts'
import type { Outcome } from '../summaries/outcomes/contribute.ts'
import { groupAt, missingGroup, type OutcomeSpec } from '../summaries/outcomes/make-join-index.ts'
import type { Group, Writer } from './append.ts'
import type { FoundRow } from './chunk-store.ts'
import { type Item, predictionKey, subjectKey } from './deduplicate.ts'
import type { JoinEntry, JoinIndexChunk, LateGroups } from './join-index-store.ts'
import { storedOutcome } from './join-outcomes.ts'
import type { SummarySpec } from './summary-specs.ts'

type Row = { batch: RowBatch; row: number }

/** Values of the attributes of one kind (features, or uploaded ones) that a row of features or groups has. */
function groupsIn(
	writer: Writer,
	model: string,
	plan: OutcomeSpec,
	{ batch, row }: Row,
	isFeature: boolean,
): LateGroups {
	const groups: LateGroups = {}
	for (const attribute of plan.attributes) {
		if (attribute.isFeature !== isFeature) continue
		const value = groupAt(batch.features.get(attribute.name), row, batch.strings, attribute.edges)
		if (value !== missingGroup) groups[attribute.name] = writer.groups.groupOf(model, attribute.name, value)
	}
	return groups
}

/** Moves a prediction to the groups that its features tell, which came after it. */
export async function regroupByFeatures(
	writer: Writer,
	group: Group,
	plan: SummarySpec,
	at: JoinEntry,
	features: Row,
	predictionId: string,
): Promise<void> {
	const model = at.chunk.seriesRef.model
	const later = groupsIn(writer, model, plan.outcomeSummary, features, true)
	if (Object.keys(later).length > 0)
		regroup(
			group,
			at,
			later,
			await storedOutcome(writer, model, predictionId, plan.outcomeSummary, at.chunk.joinIndex),
		)
}

function regroup(group: Group, at: JoinEntry, later: LateGroups, outcome: Outcome | undefined): void {
	group.outcomeSummaries.regroup(at, outcome, later)
	const all = { ...at.chunk.later.get(at.row), ...later }
	at.chunk.later.set(at.row, all)
	group.statements.push({
		sql: 'INSERT OR REPLACE INTO log_group (chunk, row, groups) VALUES (?, ?, ?)',
		params: [at.chunk.id, at.row, JSON.stringify(all)],
	})
}

/** Gives predictions the groups that were uploaded before them, by their id or their subject. */
export async function joinKnownGroups(
	writer: Writer,
	group: Group,
	item: Item,
	rows: Int32Array,
	plan: SummarySpec,
	chunk: JoinIndexChunk,
): Promise<void> {
	if (plan.outcomeSummary.attributes.every((a) => a.isFeature)) return
	const { batch, model } = item
	const subjects = Array.from(rows, (r) => batch.strings[batch.subjects[r] as number])
	const ids = Array.from(rows, (r) => batch.ids[r] as string)
	const byId = await writer.lookup.find(model, 'group', ids.map(predictionKey))
	const bySubject = await writer.lookup.find(
		model,
		'group',
		subjects.map((s) => subjectKey(s ?? '')),
	)
	for (let row = 0; row < rows.length; row++) {
		const subject = subjects[row]
		const known = byId.get(row)?.at(-1) ?? (subject === undefined ? undefined : latest(bySubject.get(row)))
		if (known) {
			const later = groupsIn(
				writer,
				model,
				plan.outcomeSummary,
				{ batch: known.chunk.batch, row: known.row },
				false,
			)
			const outcome = await storedOutcome(
				writer,
				model,
				ids[row] as string,
				plan.outcomeSummary,
				chunk.joinIndex,
			)
			regroup(group, { chunk, row }, later, outcome)
		} else if (subject !== undefined)
			group.statements.push({
				sql: 'INSERT INTO log_group_waiting (model, subject, chunk, row) VALUES (?, ?, ?, ?)',
				params: [model, subject, chunk.id, row],
			})
	}
}

/** Joins uploaded groups to the predictions that are there: the named one, or all that wait for the subject. */
export async function joinGroups(writer: Writer, group: Group, item: Item, rows: Int32Array): Promise<void> {
	for (const r of rows) {
		const id = item.batch.ids[r] as string
		const targets = id.startsWith('p')
			? await namedTarget(writer, group, item.model, id.slice(1))
			: await waitingTargets(writer, group, item.model, id.slice(1))
		for (const { at, predictionId } of targets) {
			const plan = await writer.plans.specFor(item.model, at.chunk.seriesRef.version)
			if (!plan) continue
			const later = groupsIn(writer, item.model, plan.outcomeSummary, { batch: item.batch, row: r }, false)
			regroup(
				group,
				at,
				later,
				await storedOutcome(writer, item.model, predictionId, plan.outcomeSummary, at.chunk.joinIndex),
			)
		}
	}
}

type Target = { at: JoinEntry; predictionId: string }

/** What was sent for a subject last, by its own time. */
function latest(rows: readonly FoundRow[] | undefined): FoundRow | undefined {
	const at = ({ chunk, row }: FoundRow) => chunk.batch.timestamps[row] as number
	return rows?.reduce((best, next) => (at(next) >= at(best) ? next : best))
}

/** A prediction that is named waits for its subject no longer. */
async function namedTarget(
	writer: Writer,
	group: Group,
	model: string,
	predictionId: string,
): Promise<Target[]> {
	const ids = [predictionId]
	const at = (await writer.joinIndexes.find(model, ids, writer.lookup.hash(model, 'prediction', ids))).get(0)
	if (!at) return []
	group.named.add(`${at.chunk.id} ${at.row}`)
	group.statements.push({
		sql: 'DELETE FROM log_group_waiting WHERE model = ? AND chunk = ? AND row = ?',
		params: [model, at.chunk.id, at.row],
	})
	return [{ at, predictionId }]
}

async function waitingTargets(
	writer: Writer,
	group: Group,
	model: string,
	subject: string,
): Promise<Target[]> {
	const rows = (await writer.sql.values({
		sql: 'SELECT chunk, row FROM log_group_waiting WHERE model = ? AND subject = ?',
		params: [model, subject],
	})) as unknown as [number, number][]
	const targets: Target[] = []
	for (const [id, row] of rows) {
		if (group.named.has(`${id} ${row}`)) continue
		const chunk = await writer.joinIndexes.chunk(id)
		const found = await writer.lookup.resolve({ chunk: id, row })
		if (chunk && found)
			targets.push({ at: { chunk, row }, predictionId: found.chunk.batch.ids[found.row] as string })
	}
	if (rows.length > 0)
		group.statements.push({
			sql: 'DELETE FROM log_group_waiting WHERE model = ? AND subject = ?',
			params: [model, subject],
		})
	return targets
}
