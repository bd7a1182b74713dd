import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { seeded } from '../../core/random.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import { currentReference } from '../../registry/baseline/current-reference.ts'
import { quote } from '../../registry/model/find-model.ts'
import { flipTest } from '../../stats/fairness/clarify.ts'
import { type FeatureCells, proxies } from '../../stats/fairness/proxies.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { cellKind, type RowBatch, textHash } from '../../summaries/inputs/columns.ts'
import { edgesOf } from '../../summaries/outcomes/bands.ts'
import { textOf } from '../../summaries/outcomes/join-index.ts'
import { modelLabels, negative, positive } from '../../summaries/outcomes/label.ts'
import { groupAt, makeJoinIndex, missingGroup } from '../../summaries/outcomes/make-join-index.ts'
import { toEstimate } from '../numbers.ts'
import { featureCells } from '../segments/feature-cells.ts'
import { groupName } from '../windows/record-points.ts'
import { type AuditQuery, type AuditScope, auditScope, describeScope } from './audit-scope.ts'
import type { ProxyAudit } from './bias.schema.ts'

const maxRows = 20_000
/** Rows times features: with very many features fewer rows are read, so that an answer takes seconds. */
const maxCells = 8_000_000
/** The groups of a query that names none: the largest, of at least this share of the rows with a group. */
const maxGroups = 10
const minShare = 0.02
/** Rows needed on either side, for five folds. */
const minRows = 10

/**
 * How well the features of a version predict the group of a row, without the sensitive attribute itself. Throws as
 * `auditScope` does, and `invalid` for a group without rows.
 */
export async function proxyAudit(
	context: Context,
	actor: Actor,
	query: AuditQuery & { attribute: string; group?: string | undefined },
): Promise<ProxyAudit> {
	const scope = await auditScope(context, actor, query)
	const [attribute] = scope.attributes as [AuditScope['attributes'][number]]
	const features = scope.version.features.filter(({ name }) => !attribute.of.some((a) => a === name))
	const base = { ...describeScope(context, scope), attribute: attribute.name, features: features.length }
	const apart = attribute.of.filter((name) => !scope.version.features.some((f) => f.name === name))
	const none = (reason: string) => ({
		...base,
		status: 'insufficient' as const,
		reason,
		rows: noRows,
		groups: [],
	})
	if (apart.length > 0)
		return none(
			`${apart.join(' and ')} is not a feature of version ${scope.version.version}: groups that were sent separately are not read here yet`,
		)
	if (features.length === 0) return none('the version has no other features')
	const { model, version } = scope.version
	const series = { model, version, environment: scope.environment, from: scope.from, to: scope.to }
	const limit = Math.min(maxRows, Math.floor(maxCells / features.length))
	const { batch, rows } = await sampleRows(context, series, limit)
	if (!batch) return none('there are no predictions in the period')
	const values = await groupsOfRows(context, scope, attribute.of, batch)
	const known = Int32Array.from(values.flatMap((value, row) => (value === undefined ? [] : [row])))
	const members = Array.from(known, (row) => values[row] as string)
	const counted = { total: rows, sampled: batch.rows, withoutGroup: batch.rows - known.length }
	const chosen = chooseGroups(attribute.name, members, query.group)
	if (chosen.length === 0)
		return { ...none(`no sampled row has a known group of ${attribute.name}`), rows: counted }
	const cells = features.map((spec) => onRows(featureCells(spec, batch), known))
	const flips = flipSample(scope, features, batch, known)
	const groups: (ReturnType<typeof proxiesOf> & { flipTest: FlipAnswer })[] = []
	for (const value of chosen) {
		const flipped = flipOf(flips, members, value)
		groups.push({ ...proxiesOf(groupName(attribute.name, value), members, value, cells), flipTest: flipped })
		await new Promise((resolve) => setImmediate(resolve))
	}
	return { ...base, status: 'ok' as const, reason: null, rows: counted, groups }
}

const noRows = { total: 0, sampled: 0, withoutGroup: 0 }

const onRows = ({ feature, cells, cellOf }: FeatureCells, rows: Int32Array): FeatureCells => ({
	feature,
	cells,
	cellOf: Uint16Array.from(rows, (row) => cellOf[row] as number),
})

/** The group of each row, by the bands that outcome summaries use; undefined where it is missing. */
async function groupsOfRows(
	context: Context,
	{ model, version }: AuditScope,
	attributes: readonly string[],
	batch: RowBatch,
): Promise<(string | undefined)[]> {
	const { bins } = await currentReference(context, model.name, version.version)
	const columns = attributes.map((name) => {
		const column = bins.columns.find((c) => c.name === name)
		return {
			column: batch.features.get(name),
			edges: edgesOf(model.bands, name, column),
		}
	})
	return Array.from({ length: batch.rows }, (_, row) => {
		const values = columns.map(({ column, edges }) => groupAt(column, row, batch.strings, edges))
		return values.includes(missingGroup) ? undefined : values.join(' x ')
	})
}

/** The named group, by its value or its name (`2`, `SEX=2`); else the largest ones. */
function chooseGroups(attribute: string, members: readonly string[], wanted: string | undefined): string[] {
	const counts = new Map<string, number>()
	for (const value of members) counts.set(value, (counts.get(value) ?? 0) + 1)
	const ranked = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
	if (wanted === undefined || ranked.length === 0)
		return ranked
			.slice(0, maxGroups)
			.filter(([, n]) => n >= minShare * members.length)
			.map(([value]) => value)
	const values = ranked.map(([value]) => value)
	const found = values.find((value) => value === wanted || groupName(attribute, value) === wanted)
	if (found !== undefined) return [found]
	const names = [...values, ...values.map((value) => groupName(attribute, value))]
	const near = nearest(wanted, names)
	const hint =
		near === undefined
			? `known here: ${values.slice(0, 20).join(', ')}`
			: `did you mean ${JSON.stringify(near)}?`
	const message = `no sampled row is of a group ${quote(wanted)} of ${attribute}; ${hint}`
	throw new AppError('invalid', `group: ${message}`, { faults: [{ path: 'group', message }] })
}

/** Every row of the group is compared with every other row: a thousand take milliseconds. */
const maxFlipRows = 1000

/** What Clarify's flip test takes: `places` are indexes into `known`. */
type FlipSample = { places: number[]; features: Float64Array[]; selected: boolean[] }

/** The first of the known rows that have a decision and every numeric feature, a thousand at most. */
function flipSample(
	{ model, favourable }: Pick<AuditScope, 'model' | 'favourable'>,
	specs: readonly FeatureSpec[],
	batch: RowBatch,
	known: Int32Array,
): FlipSample {
	const rule = { ...modelLabels(model), threshold: model.threshold }
	const spec = { task: model.task, rule, attributes: [], segments: [] }
	const { decisions } = makeJoinIndex(batch, known, spec, new Uint32Array(known.length))
	const columns = specs.filter((s) => s.type === 'numeric').map((s) => batch.features.get(s.name))
	const sample: FlipSample = { places: [], features: [], selected: [] }
	if (columns.length === 0) return sample
	known.forEach((row, series) => {
		const decision = textOf(decisions, series)
		if (sample.places.length === maxFlipRows || decision === '') return
		const values = Float64Array.from(columns, (c) =>
			c?.kinds[row] === cellKind.number ? (c.nums[row] as number) : Number.NaN,
		)
		if (!values.every(Number.isFinite)) return
		sample.places.push(series)
		sample.features.push(values)
		sample.selected.push(decision === (favourable === 'negative' ? negative : positive))
	})
	return sample
}

type FlipAnswer = { value: number | null; rows: number }

function flipOf(
	{ places, features, selected }: FlipSample,
	members: readonly string[],
	value: string,
): FlipAnswer {
	const inFacet = places.map((series) => members[series] === value)
	const flips = flipTest(features, inFacet, selected)
	return { value: Number.isFinite(flips) ? flips : null, rows: places.length }
}

function proxiesOf(group: string, values: readonly string[], value: string, cells: readonly FeatureCells[]) {
	const members = values.map((v) => v === value)
	const inside = members.filter(Boolean).length
	// A seed by group puts the same rows into the same folds each time.
	const { auc, top } = proxies(cells, members, seeded(textHash(group)))
	const fewer = Math.min(inside, members.length - inside)
	return {
		group,
		members: inside,
		others: members.length - inside,
		status: Number.isNaN(auc.value) ? ('insufficient' as const) : ('ok' as const),
		reason: Number.isNaN(auc.value)
			? `${fewer} rows on one side; at least ${minRows} members and ${minRows} others are needed`
			: null,
		auc: toEstimate(auc),
		top: top.map(({ feature, auc: own }) => ({ feature, auc: toEstimate(own) })),
	}
}
