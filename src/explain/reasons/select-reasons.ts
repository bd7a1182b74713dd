import {
	type Bin,
	type Condition,
	type Entry,
	type ReasonTable,
	type ReasonText,
	textIn,
} from './reason-table.ts'
import { isProtectedName } from './refused-text.ts'

type Row = Readonly<Record<string, unknown>>

/** A principal reason in the table's words. */
export type SelectedReason = {
	code: string
	text: string
	/** The language of the text; undefined where the table does not say. */
	locale: string | undefined
	/** What speaks for it, the strongest first. */
	features: string[]
	/** Sum of the contributions of its features, as they were given; null for a knock-out rule. */
	contribution: number | null
}

export type FeatureContribution = { feature: string; contribution: number }

type Found = {
	/** Features that count against the person and that the table does not cover, the strongest first: mend the table. */
	uncovered: FeatureContribution[]
	/** Protected features that count against the person: never named, and a finding of their own. */
	withheld: FeatureContribution[]
}
export type Selection =
	| ({ status: 'ok'; by: 'contributions' | 'knock-out'; reasons: SelectedReason[] } & Found)
	/** No reason is left to give: that is an error, not an empty notice. */
	| ({ status: 'failed'; reason: string } & Found)

export type SelectionInput = {
	table: ReasonTable
	/** The scored features, as they were logged. */
	row: Row
	/** Of each scored feature, against the background that the table's method names. */
	contributions: readonly FeatureContribution[]
	/** Which contributions count against the person: `high` where a high score is bad. */
	adverse: 'high' | 'low'
	/** The model's sensitive attributes. */
	sensitive: readonly string[]
	locale?: string | undefined
}

/** Closer than this share of the largest is equal: rounding must not decide an order that the table decides. */
const tie = 1e-9

/**
 * The principal reasons of an adverse decision. Features of one reason add up first; reasons are ranked by what they
 * count against the person, ties by the table's order; only scored features, never a protected one, at most four, and a
 * fifth only for enquiries. Knock-out rules that hold are the reasons instead, for then no score decided.
 */
export function selectReasons(input: SelectionInput): Selection {
	const { table, row, contributions, adverse } = input
	const isProtected = (feature: string) => input.sensitive.includes(feature) || isProtectedName(feature)
	const against = contributions.map(({ feature, contribution }) => ({
		feature,
		contribution,
		weight: adverse === 'high' ? contribution : -contribution,
	}))
	const entryOf = entryFinder(table)
	const named = against
		.filter((c) => !isProtected(c.feature))
		.map((c) => ({ ...c, entry: entryOf(c.feature, valueAt(row, c.feature)) }))
	const strongest = (list: readonly Weighed[]) =>
		list
			.filter((c) => c.weight > 0)
			.sort((a, b) => b.weight - a.weight)
			.map(({ feature, contribution }) => ({ feature, contribution }))
	const found: Found = {
		uncovered: strongest(named.filter((c) => c.entry === undefined)),
		withheld: strongest(against.filter((c) => isProtected(c.feature))),
	}
	const knockOuts = knockedOut(input, isProtected)
	if (knockOuts.length > 0) return { status: 'ok', by: 'knock-out', reasons: knockOuts, ...found }
	const reasons = ranked(input, named)
	if (reasons.length > 0) return { status: 'ok', by: 'contributions', reasons, ...found }
	return { status: 'failed', reason: whyNone(found), ...found }
}

type Weighed = FeatureContribution & { weight: number; entry?: Entry | undefined }

const valueAt = (row: Row, feature: string): unknown =>
	Object.hasOwn(row, feature) ? row[feature] : undefined

function whyNone({ uncovered, withheld }: Found): string {
	const names = (list: readonly FeatureContribution[]) =>
		list
			.slice(0, 4)
			.map((c) => c.feature)
			.join(', ')
	if (uncovered.length > 0)
		return `the reason table does not cover what counted against the applicant: add ${names(uncovered)} to it`
	if (withheld.length > 0)
		return `only protected features counted against the applicant (${names(withheld)}): they cannot be named, and the decision needs review`
	return 'no feature counted against the applicant by this comparison: compare with another background, or find what else decided'
}

function knockedOut(
	{ table, row, locale }: SelectionInput,
	isProtected: (feature: string) => boolean,
): SelectedReason[] {
	const reasons = new Map<string, SelectedReason>()
	for (const { code, text, when } of table.knockOuts) {
		if (isProtected(when.feature) || !holds(when, valueAt(row, when.feature))) continue
		const words = text ?? (table.entries.find((e) => e.code === code)?.text as ReasonText)
		const known = reasons.get(code)
		if (known) known.features.push(when.feature)
		else
			reasons.set(code, {
				code,
				...textIn(words, locale, table),
				features: [when.feature],
				contribution: null,
			})
	}
	return [...reasons.values()].slice(0, table.most)
}

function holds(when: Condition, value: unknown): boolean {
	const isMissing = value === undefined || value === null
	if (when.op === 'missing') return isMissing
	if (isMissing) return false
	switch (when.op) {
		case '==':
			return String(value) === String(when.value)
		case '!=':
			return String(value) !== String(when.value)
		case 'in':
			return when.value.some((v) => String(v) === String(value))
		default:
			return typeof value === 'number' && compares(when.op, value, when.value)
	}
}

function compares(op: '<' | '<=' | '>' | '>=', a: number, b: number): boolean {
	if (op === '<') return a < b
	if (op === '<=') return a <= b
	return op === '>' ? a > b : a >= b
}

/** The entry that a feature speaks for: the one in whose bin its value lies, else the one that names it. */
function entryFinder({ entries }: ReasonTable): (feature: string, value: unknown) => Entry | undefined {
	const byBin = new Map<string, { bin: Bin; entry: Entry }[]>()
	const byName = new Map<string, Entry>()
	for (const entry of entries) {
		for (const bin of entry.bins) {
			const list = byBin.get(bin.feature) ?? []
			list.push({ bin, entry })
			byBin.set(bin.feature, list)
		}
		for (const feature of entry.features) if (!byName.has(feature)) byName.set(feature, entry)
	}
	return (feature, value) =>
		byBin.get(feature)?.find(({ bin }) => isIn(bin, value))?.entry ?? byName.get(feature)
}

function isIn({ from, to, values, missing }: Bin, value: unknown): boolean {
	const isMissing = value === undefined || value === null
	if (missing || isMissing) return missing === true && isMissing
	if (values) return values.some((v) => String(v) === String(value))
	return (
		typeof value === 'number' &&
		value >= (from ?? Number.NEGATIVE_INFINITY) &&
		value < (to ?? Number.POSITIVE_INFINITY)
	)
}

/** One reason to be: the entries of a group together, or one entry. */
type Candidate = { members: Weighed[]; weight: number; order: number }

function ranked({ table, locale }: SelectionInput, named: readonly Weighed[]): SelectedReason[] {
	const candidates = new Map<string, Candidate>()
	for (const c of named) {
		if (!c.entry) continue
		const key = JSON.stringify(c.entry.group === undefined ? [c.entry.code] : [c.entry.group, 'group'])
		const order = table.entries.indexOf(c.entry)
		const candidate = candidates.get(key) ?? { members: [], weight: 0, order }
		candidate.members.push(c)
		candidate.weight += c.weight
		candidate.order = Math.min(candidate.order, order)
		candidates.set(key, candidate)
	}
	const largest = named.reduce((most, c) => Math.max(most, Math.abs(c.weight)), 0)
	const rank = (c: Candidate) => (largest === 0 ? 0 : Math.round(c.weight / (largest * tie)))
	const order = [...candidates.values()]
		.filter((c) => rank(c) > 0)
		.sort((a, b) => rank(b) - rank(a) || a.order - b.order)
	const chosen = order.slice(0, table.most)
	const isInquiries = (c: Candidate) => c.members.some((m) => m.weight > 0 && m.entry?.inquiries)
	if (!chosen.some(isInquiries)) chosen.push(...order.slice(table.most).filter(isInquiries).slice(0, 1))
	return chosen.map((c) => reasonOf(c, table, locale))
}

function reasonOf({ members }: Candidate, table: ReasonTable, locale: string | undefined): SelectedReason {
	const weights = new Map<Entry, number>()
	for (const { entry, weight } of members)
		weights.set(entry as Entry, (weights.get(entry as Entry) ?? 0) + weight)
	const place = (entry: Entry) => table.entries.indexOf(entry)
	const [heaviest] = [...weights].reduce((a, b) =>
		b[1] > a[1] || (b[1] === a[1] && place(b[0]) < place(a[0])) ? b : a,
	)
	return {
		code: heaviest.code,
		...textIn(heaviest.text, locale, table),
		features: members
			.filter((m) => m.weight > 0)
			.sort((a, b) => b.weight - a.weight)
			.map((m) => m.feature),
		contribution: members.reduce((sum, m) => sum + m.contribution, 0),
	}
}
