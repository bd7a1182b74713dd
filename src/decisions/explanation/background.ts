import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { BoundedCache } from '../../core/bounded-cache.ts'
import { sha256Hex, utf8 } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { seeded } from '../../core/random.ts'
import { dayMs, formatTime, minuteMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { backgrounds, backgroundUses } from '../../db/schema.ts'
import { sampleRows } from '../../log/read/sample-rows.ts'
import { categoryOf, cellValue, type RowBatch, textHash } from '../../summaries/inputs/columns.ts'
import { negative, sideOf } from '../../summaries/outcomes/label.ts'
import { type DecisionRule, decide } from './decision.ts'

/** Fewer rows are not enough to compare a person with. */
export const minRows = 30
/** Rows that SHAP draws absent features from. More rows take time and change only the third digit. */
const maxRows = 100

/** The values of one feature among approved applicants. */
export type FeatureDistribution = {
	/** Ascending. */
	numbers: number[]
	/** Other values as JSON, with their counts. */
	others: Record<string, number>
	missing: number
}

/** Logged decisions that reasons and percentiles are compared with. Stored under its digest. */
export type BackgroundContent = {
	/** Event time of the rows, ms since the epoch; `to` is exclusive. */
	from: number
	to: number
	features: string[]
	/** Samples of all applicants, and of approved ones near the cut-off: values in the order of `features`. */
	all: unknown[][]
	near: unknown[][]
	/** The number of approved applicants in `distributions`. */
	approved: number
	distributions: Record<string, FeatureDistribution>
	/** The service's word for the decision that is not positive: its most frequent label on that side. */
	opposite: string | null
}

type Applicant = { row: number; draw: number; score: number; approved: boolean }

/** The applicants, in an order that does not depend on arrival or chunks. */
function applicantsOf(batch: RowBatch, rule: DecisionRule): Applicant[] {
	const list: Applicant[] = []
	for (let row = 0; row < batch.rows; row++) {
		if (batch.hasFeatures[row] !== 1) continue
		const score = batch.scores[row] as number
		const label = cellValue(batch.labels, row, batch.strings)
		const { adverse } = decide(rule, { label, score })
		list.push({ row, draw: seeded(textHash(batch.ids[row] as string))(), score, approved: adverse === false })
	}
	const idOf = ({ row }: Applicant) => batch.ids[row] as string
	return list.sort((a, b) => a.draw - b.draw || (idOf(a) < idOf(b) ? -1 : 1))
}

/**
 * The quarter of approved applicants nearest to the cut-off, 30 to 100 of them: "at or slightly above the minimum passing
 * score" (12 CFR 1002, Supplement I, comment 9(b)(2)-5(i)).
 */
function nearCutOff(approved: readonly Applicant[], threshold: number | null): Applicant[] {
	if (threshold === null) return []
	const count = Math.min(maxRows, Math.max(minRows, Math.ceil(approved.length / 4)))
	return approved
		.filter(({ score }) => !Number.isNaN(score))
		.sort((a, b) => Math.abs(a.score - threshold) - Math.abs(b.score - threshold))
		.slice(0, count)
}

/** Chooses and counts the rows of a sample. `features`: those that explanations use. */
function makeBackground(
	batch: RowBatch | undefined,
	rule: DecisionRule,
	features: readonly string[],
	period: { from: number; to: number },
): BackgroundContent {
	const applicants = batch ? applicantsOf(batch, rule) : []
	const approved = applicants.filter((a) => a.approved)
	const valuesOf = ({ row }: Applicant) => features.map((name) => valueAt(batch as RowBatch, name, row))
	return {
		...period,
		features: [...features],
		all: applicants.slice(0, maxRows).map(valuesOf),
		near: nearCutOff(approved, rule.threshold).map(valuesOf),
		approved: approved.length,
		distributions: Object.fromEntries(
			features.map((name) => [name, distributionOf(batch, name, approved)] as const),
		),
		opposite: batch && rule.task === 'binary' ? oppositeOf(batch, rule) : null,
	}
}

/** The most frequent label of the negative side; of equal ones the first in the alphabet. */
function oppositeOf(batch: RowBatch, rule: DecisionRule): string | null {
	const counts = new Map<string, number>()
	for (let row = 0; row < batch.rows; row++) {
		const label = categoryOf(
			batch.labels.kinds[row] as number,
			batch.labels.nums[row] as number,
			batch.strings,
		)
		if (label !== undefined && sideOf(label, rule) === negative)
			counts.set(label, (counts.get(label) ?? 0) + 1)
	}
	return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? null
}

function valueAt(batch: RowBatch, name: string, row: number): unknown {
	const column = batch.features.get(name)
	return (column && cellValue(column, row, batch.strings)) ?? null
}

function distributionOf(
	batch: RowBatch | undefined,
	name: string,
	approved: readonly Applicant[],
): FeatureDistribution {
	const numbers: number[] = []
	const others = new Map<string, number>()
	let missing = 0
	for (const { row } of approved) {
		const value = valueAt(batch as RowBatch, name, row)
		if (value === null) missing++
		else if (typeof value === 'number') numbers.push(value)
		else others.set(JSON.stringify(value), (others.get(JSON.stringify(value)) ?? 0) + 1)
	}
	return { numbers: numbers.sort((a, b) => a - b), others: Object.fromEntries(others), missing }
}

/** Rows of a background by feature name, as in the log. */
export const recordsOf = ({ features }: BackgroundContent, rows: readonly unknown[][]) =>
	rows.map((values) => Object.fromEntries(features.map((name, i) => [name, values[i]])))

/** `digest` is null when there are too few rows: such a background is not stored, since the next rows change it. */
export type FoundBackground = { digest: string | null; content: BackgroundContent }

type BackgroundQuery = {
	model: string
	version: string
	environment: string
	/** Event time of the decision, ms since the epoch. */
	at: number
	rule: DecisionRule
	/** The features that explanations use. */
	features: readonly string[]
	/** For reports: the first answer with this moment is stored, and given again. */
	asOf?: number | undefined
}

type Kept = { found: FoundBackground; computedAt: number }

/** Rows to draw: fewer for a model with many features, since they are stored. */
const drawnOf = (features: number) =>
	Math.min(2000, Math.max(300, Math.floor(400_000 / Math.max(1, features))))
/** D1 stores no value over 2 MB. */
const maxBytes = 1_900_000
/** Rows to scan in one period: a request waits for it once a day. */
const scanned = 200_000
/** With this many rows of each kind, earlier periods are not scanned. */
const enough = 100
const lookBackDays = [1, 7, 30, 90]
const maxKept = 40

const memories = new WeakMap<
	object,
	{ kept: BoundedCache<string, Kept>; underWay: Map<string, Promise<Kept>> }
>()

function memoryOf(context: Context) {
	const known = memories.get(context.db)
	if (known) return known
	const made = {
		kept: new BoundedCache<string, Kept>({ max: maxKept }),
		underWay: new Map<string, Promise<Kept>>(),
	}
	memories.set(context.db, made)
	return made
}

/** Drops what is kept in memory: some of it was deleted. */
export const forgetBackgrounds = (context: Context): void => memoryOf(context).kept.clear()

/**
 * The logged decisions that a decision is compared with: from the days before its own when there are enough, so that the
 * answer does not change; else also from its own day; else all. Drawn once a day for each version and environment, and stored.
 */
export async function findBackground(
	context: Context,
	actor: Actor,
	query: BackgroundQuery,
): Promise<FoundBackground> {
	const day = Math.floor(query.at / dayMs)
	if (query.asOf !== undefined) return findFixed(context, actor, query)
	const { task, positiveLabel, threshold, adverse } = query.rule
	const settings = canonicalJson({ task, positiveLabel, threshold, adverse })
	const key = JSON.stringify([query.model, query.version, query.environment, day, settings])
	const { kept, underWay } = memoryOf(context)
	const known = kept.get(key)
	if (known && isFresh(known, query.rule, day, context.now())) return known.found
	// On workers, a request must not wait for work that another request started.
	const shared = context.background === undefined
	const pending = (shared && underWay.get(key)) || load(context, actor, query, day, settings)
	if (shared) underWay.set(key, pending)
	try {
		const loaded = await pending
		kept.delete(key)
		if (loaded.found.digest !== null) kept.set(key, loaded)
		return loaded.found
	} finally {
		underWay.delete(key)
	}
}

/** A day that is not over still receives rows: its background is drawn again a day later, or soon while rows are few. */
function isFresh(
	{ found: { content }, computedAt }: Kept,
	rule: DecisionRule,
	day: number,
	now: number,
): boolean {
	if (content.to <= day * dayMs) return true
	const isThin = rule.threshold !== null && content.near.length < minRows
	return now - computedAt < (isThin ? minuteMs : dayMs) || (!isThin && computedAt >= (day + 1) * dayMs)
}

async function load(
	context: Context,
	actor: Actor,
	query: BackgroundQuery,
	day: number,
	settings: string,
): Promise<Kept> {
	const stored = await readStored(context, query, day, settings)
	if (stored && isFresh(stored, query.rule, day, context.now())) return stored
	const { content, text } = await drawFitting(context, query, day)
	const computedAt = context.now()
	if (!isUsable(content)) return { found: { digest: null, content }, computedAt }
	const digest = `sha256:${await sha256Hex(text)}`
	await store(context, actor, { ...query, day, settings, digest, text, computedAt }, content)
	return { found: { digest, content }, computedAt }
}

/** The background that others get now, kept for all later answers as of the same moment, however few its rows are. */
async function findFixed(
	context: Context,
	actor: Actor,
	{ asOf, ...query }: BackgroundQuery,
): Promise<FoundBackground> {
	const day = Math.floor(query.at / dayMs)
	const { task, positiveLabel, threshold, adverse } = query.rule
	const settings = canonicalJson({ task, positiveLabel, threshold, adverse, asOf })
	const stored = await readStored(context, query, day, settings)
	if (stored) return stored.found
	const found = await findBackground(context, actor, query)
	if (found.content.to <= day * dayMs) return found
	const text = canonicalJson(found.content)
	const digest = `sha256:${await sha256Hex(text)}`
	const use = { ...query, day, settings, digest, text, computedAt: context.now() }
	await store(context, actor, use, found.content)
	return found
}

async function readStored(
	context: Context,
	{ model, version, environment }: BackgroundQuery,
	day: number,
	settings: string,
): Promise<Kept | undefined> {
	const [row] = await context.db
		.select({
			content: backgrounds.content,
			digest: backgrounds.digest,
			computedAt: backgroundUses.computedAt,
		})
		.from(backgroundUses)
		.innerJoin(backgrounds, eq(backgrounds.digest, backgroundUses.digest))
		.where(
			and(
				eq(backgroundUses.model, model),
				eq(backgroundUses.version, version),
				eq(backgroundUses.environment, environment),
				eq(backgroundUses.day, day),
				eq(backgroundUses.settings, settings),
			),
		)
	if (!row) return undefined
	const content = JSON.parse(row.content) as BackgroundContent
	const digest = isUsable(content) ? row.digest : null
	return { found: { digest, content }, computedAt: row.computedAt }
}

const isUsable = ({ all }: BackgroundContent) => all.length >= minRows

/** As many rows as can be stored: fewer for models with very many features. */
async function drawFitting(
	context: Context,
	query: BackgroundQuery,
	day: number,
): Promise<{ content: BackgroundContent; text: string }> {
	for (let drawn = drawnOf(query.features.length); ; ) {
		const content = await draw(context, query, day, drawn)
		const text = canonicalJson(content)
		const size = utf8(text).length
		if (size <= maxBytes || drawn === minRows) return { content, text }
		drawn = Math.max(minRows, Math.floor((0.9 * drawn * maxBytes) / size))
	}
}

async function draw(
	context: Context,
	query: BackgroundQuery,
	day: number,
	drawn: number,
): Promise<BackgroundContent> {
	const [start, now] = [day * dayMs, context.now()]
	const before = lookBackDays.map((days) => ({ from: start - days * dayMs, to: start }))
	const from = start - 90 * dayMs
	const periods = [
		...before,
		{ from, to: Math.min(start + dayMs, Math.max(now, query.at + 1)) },
		{ from, to: Math.max(now, query.at + 1) },
	]
	let content: BackgroundContent | undefined
	for (const period of periods) {
		const { model, version, environment } = query
		const { batch } = await sampleRows(context, { model, version, environment, ...period }, drawn, scanned)
		content = makeBackground(batch, query.rule, query.features, period)
		const hasEnough = query.rule.threshold === null || content.near.length >= minRows
		if (content.all.length >= enough && hasEnough && content.approved >= enough) break
	}
	return content as BackgroundContent
}

async function store(
	context: Context,
	actor: Actor,
	use: typeof backgroundUses.$inferSelect & { text: string },
	content: BackgroundContent,
): Promise<void> {
	const { model, version, environment, day, settings, digest, text, computedAt } = use
	const entry = {
		action: 'draw-background',
		object: `background:${model}@${version}/${environment}`,
		model,
		after: digest,
		details: {
			from: formatTime(content.from),
			to: formatTime(content.to),
			approved: content.approved,
			near: content.near.length,
			all: content.all.length,
		},
	}
	const row = { model, version, environment, day, settings, digest, computedAt }
	await commit(context, actor, entry, [
		{ query: context.db.insert(backgrounds).values({ digest, model, content: text }).onConflictDoNothing() },
		{
			query: context.db
				.insert(backgroundUses)
				.values(row)
				.onConflictDoUpdate({
					target: [
						backgroundUses.model,
						backgroundUses.version,
						backgroundUses.environment,
						backgroundUses.day,
						backgroundUses.settings,
					],
					set: { digest, computedAt },
				}),
		},
	])
}
