import { parse } from 'yaml'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { LegalBasis } from './document.ts'

// Laws change, so what they say is data with dates. A report for an old period uses what was in force then.

const Day = z.string().regex(/^\d{4}-\d\d-\d\d$/, 'must be a date such as 2026-03-01')
const Id = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower case, with hyphens')

const Clock = z.strictObject({ id: Id, days: z.int().positive(), from: Id, text: z.string().min(1) })

const Version = z.strictObject({
	/** Inclusive, at midnight UTC. */
	inForceFrom: Day,
	/** Exclusive. Without it: until the next version. */
	until: Day.optional(),
	source: z.url(),
	/** From a secondary source: the report says that counsel must confirm it. */
	confirm: z.boolean(),
	text: z.string().min(1),
	/** Words that a notice under it must carry. */
	notice: z.string().min(1).optional(),
	clocks: z.array(Clock).optional(),
	retention: z.strictObject({ months: z.int().positive(), kinds: z.array(z.string()).min(1) }).optional(),
})
export type LawVersion = z.output<typeof Version>

const LawRow = z.strictObject({
	id: Id,
	rule: z.string().min(1),
	article: z.string().min(1),
	title: z.string().min(1),
	versions: z.array(Version).min(1),
})
export type LawRow = z.output<typeof LawRow>

/** A row with the one version that is meant. */
export type LawInForce = Omit<LawRow, 'versions'> & LawVersion

const start = (day: string): number => Date.parse(`${day}T00:00:00Z`)

/** Reads the law tables, by id. Throws `invalid` for a wrong shape, an id that is there twice, and versions that overlap. */
export function parseLaw(files: readonly { name: string; text: string }[]): Map<string, LawRow> {
	const rows = new Map<string, LawRow>()
	for (const { name, text } of files) {
		const parsed = z.array(LawRow).safeParse(parse(text))
		if (!parsed.success) {
			const [issue] = parsed.error.issues
			throw new AppError('invalid', `${name}: ${issue?.path.join('.')}: ${issue?.message}.`)
		}
		for (const row of parsed.data) {
			if (rows.has(row.id)) throw new AppError('invalid', `${name}: ${row.id} is there twice.`)
			checkVersions(name, row)
			rows.set(row.id, row)
		}
	}
	return rows
}

function checkVersions(file: string, { id, versions }: LawRow): void {
	for (const [i, { inForceFrom, until }] of versions.entries()) {
		const end = until ?? versions[i + 1]?.inForceFrom
		const next = versions[i + 1]?.inForceFrom
		if (Number.isNaN(start(inForceFrom)) || (until !== undefined && Number.isNaN(start(until))))
			throw new AppError('invalid', `${file}: ${id} has a date that does not exist.`)
		if (end !== undefined && end <= inForceFrom)
			throw new AppError('invalid', `${file}: ${id} has versions that are not in order of time.`)
		if (end !== undefined && next !== undefined && end > next)
			throw new AppError('invalid', `${file}: ${id} has two versions in force from ${next}.`)
	}
}

const parsed = new WeakMap<Context['law'], Map<string, LawRow>>()

/** The law tables, parsed once. */
export function lawTable({ law }: Pick<Context, 'law'>): ReadonlyMap<string, LawRow> {
	const known = parsed.get(law)
	if (known) return known
	const rows = parseLaw(law)
	parsed.set(law, rows)
	return rows
}

const rowOf = (context: Pick<Context, 'law'>, id: string): LawRow => {
	const row = lawTable(context).get(id)
	if (!row) throw new AppError('internal', `The law tables have no row ${id}.`)
	return row
}

const withVersion = ({ versions: _, ...row }: LawRow, version: LawVersion): LawInForce => ({
	...row,
	...version,
})

/** The version of a row that is in force at a time. Undefined before the first and after the last. */
export function lawAt(context: Pick<Context, 'law'>, id: string, at: number): LawInForce | undefined {
	const row = rowOf(context, id)
	const version = row.versions.findLast(({ inForceFrom }) => start(inForceFrom) <= at)
	if (!version || (version.until !== undefined && start(version.until) <= at)) return undefined
	return withVersion(row, version)
}

/** What a report rests on: the versions in force then, and those that are yet to come where none was. Repealed ones are left out. */
export function lawsFor(context: Pick<Context, 'law'>, ids: readonly string[], at: number): LawInForce[] {
	return ids.flatMap((id) => {
		const row = rowOf(context, id)
		const [first] = row.versions
		const coming = first && start(first.inForceFrom) > at ? withVersion(row, first) : undefined
		return lawAt(context, id, at) ?? coming ?? []
	})
}

/** `at`: the moment that the report is about. */
export const legalBasisOf = (
	{ rule, article, inForceFrom, source, confirm }: LawInForce,
	at: number,
): LegalBasis => ({
	rule,
	article: start(inForceFrom) > at ? `${article} (not yet in force then)` : article,
	inForceFrom,
	source,
	confirm,
})
