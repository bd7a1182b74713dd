import { getOrInsert } from '../../core/maps.ts'
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
	/** The language of the text; undefined when the table does not name it. */
	locale: string | undefined
	/** The features that support it, the strongest first. */
	features: string[]
	/** The sum of the contributions of its features; null for a knock-out rule. */
	contribution: number | null
}

export type FeatureContribution = { feature: string; contribution: number }

type Found = {
	/** Features that count against the person and that the table does not cover, the strongest first. */
	uncovered: FeatureContribution[]
	/** Those of them that are principal reasons: without them, a notice is incomplete. */
	missing: string[]
	/** Protected features that count against the person. They are never named as reasons. */
	withheld: FeatureContribution[]
}
export type Selection =
	| ({ status: 'ok'; by: 'contributions' | 'knock-out'; reasons: SelectedReason[] } & Found)
	/** There is no reason to give, which is an error: a notice must not be empty. */
	| ({ status: 'failed'; reason: string } & Found)

export type SelectionInput = {
	table: ReasonTable
	/** The scored features, as logged. */
	row: Row
	/** By scored feature, against the background of the table's method. */
	contributions: readonly FeatureContribution[]
	/** As the explanation shows them, against another background; a reason must count against the person there too. */
	shown?: readonly FeatureContribution[] | undefined
	/** Which contributions count against the person: `high` when a high score is bad. */
	adverse: 'high' | 'low'
	/** The model's sensitive attributes. */
	sensitive: readonly string[]
	locale?: string | undefined
}

/** Weights closer than this share of the largest are equal, so that rounding does not decide the order. */
const tie = 1e-9

/** The default: a twentieth of everything that counted against the person. */
const defaultMinShare = 0.05

/**
 * The principal reasons of an adverse decision. Features of one reason add up first; reasons are ranked by their weight against
 * the person, ties by the table's order. At most four, from scored features only, never a protected one; a fifth only for
 * enquiries. Small reasons, and those in the person's favour as the explanation shows them, are left out; a principal feature
 * that the table lacks is `missing`. Knock-out rules that hold are the reasons instead, since then no score decided.
 */
export function selectReasons(input: SelectionInput): Selection {
	const { table, row, contributions, adverse, shown } = input
	const isProtected = (feature: string) => input.sensitive.includes(feature) || isProtectedName(feature)
	const sign = adverse === 'high' ? 1 : -1
	const shownWeight = new Map(shown?.map((c) => [c.feature, sign * c.contribution]))
	const entryOf = entryFinder(table)
	const against = contributions.map(({ feature, contribution }) => ({
		feature,
		contribution,
		weight: sign * contribution,
		shown: shown ? (shownWeight.get(feature) ?? 0) : sign * contribution,
		entry: isProtected(feature) ? undefined : entryOf(feature, valueAt(row, feature)),
	}))
	const named = against.filter((c) => !isProtected(c.feature))
	const strongest = (list: readonly Weighed[]) =>
		list
			.filter((c) => c.weight > 0)
			.sort((a, b) => b.weight - a.weight)
			.map(({ feature, contribution }) => ({ feature, contribution }))
	const uncovered = strongest(named.filter((c) => c.entry === undefined))
	const withheld = strongest(against.filter((c) => isProtected(c.feature)))
	const knockOuts = knockedOut(input, isProtected)
	if (knockOuts.length > 0)
		return { status: 'ok', by: 'knock-out', reasons: knockOuts, uncovered, withheld, missing: [] }
	const { reasons, missing } = ranked(input, named, against)
	const found = { uncovered, withheld, missing }
	if (reasons.length > 0) return { status: 'ok', by: 'contributions', reasons, ...found }
	return { status: 'failed', reason: whyNone(found), ...found }
}

/** `shown`: the weight of the contribution that the explanation shows. */
type Weighed = FeatureContribution & { weight: number; shown: number; entry: Entry | undefined }

const valueAt = (row: Row, feature: string): unknown =>
	Object.hasOwn(row, feature) ? row[feature] : undefined

function whyNone({ uncovered, withheld }: Pick<Found, 'uncovered' | 'withheld'>): string {
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

/** The entry that a feature supports: the one whose bin contains its value, else the one that names it. */
function entryFinder({ entries }: ReasonTable): (feature: string, value: unknown) => Entry | undefined {
	const byBin = new Map<string, { bin: Bin; entry: Entry }[]>()
	const byName = new Map<string, Entry>()
	for (const entry of entries) {
		for (const bin of entry.bins) {
			getOrInsert(byBin, bin.feature, () => []).push({ bin, entry })
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

/** A candidate for a reason: the entries of a group, one entry, or a feature that the table lacks. */
type Candidate = { members: Weighed[]; weight: number; order: number }

const keyOf = ({ entry, feature }: Weighed): string =>
	JSON.stringify(
		entry ? (entry.group === undefined ? [entry.code] : [entry.group, 'group']) : [feature, '', ''],
	)

function ranked(
	{ table, locale }: SelectionInput,
	named: readonly Weighed[],
	all: readonly Weighed[],
): { reasons: SelectedReason[]; missing: string[] } {
	const candidates = new Map<string, Candidate>()
	for (const c of named) {
		const order = c.entry ? table.entries.indexOf(c.entry) : table.entries.length
		const candidate = candidates.get(keyOf(c)) ?? { members: [], weight: 0, order }
		candidate.members.push(c)
		candidate.weight += c.weight
		candidate.order = Math.min(candidate.order, order)
		candidates.set(keyOf(c), candidate)
	}
	const largest = named.reduce((max, c) => Math.max(max, Math.abs(c.weight)), 0)
	const rank = (c: Candidate) => (largest === 0 ? 0 : Math.round(c.weight / (largest * tie)))
	const order = [...candidates.values()]
		.filter((c) => rank(c) > 0 && supporting(c).length > 0)
		.sort((a, b) => rank(b) - rank(a) || a.order - b.order)
		.filter(isLargeEnough(all, table.minShare ?? defaultMinShare))
	const principal = order.slice(0, table.most)
	const isInquiries = (c: Candidate) => c.members.some((m) => m.weight > 0 && m.entry?.inquiries)
	if (!principal.some(isInquiries)) principal.push(...order.slice(table.most).filter(isInquiries).slice(0, 1))
	const isCovered = (c: Candidate) => c.members[0]?.entry !== undefined
	return {
		reasons: principal.filter(isCovered).map((c) => reasonOf(c, table, locale)),
		missing: principal.filter((c) => !isCovered(c)).flatMap((c) => c.members.map((m) => m.feature)),
	}
}

/** The features that support a reason: against the person in the comparison and as the explanation shows them. */
const supporting = ({ members }: Pick<Candidate, 'members'>): Weighed[] =>
	members.filter((m) => m.weight > 0 && m.shown > 0)

/** Whether a candidate is large enough to be a reason. The strongest one always is, since a notice must name one. */
function isLargeEnough(all: readonly Weighed[], minShare: number) {
	const sum = (list: readonly Weighed[], key: 'weight' | 'shown') =>
		list.reduce((total, c) => total + Math.max(0, c[key]), 0)
	const needed = minShare * (1 - tie)
	const [total, totalShown] = [sum(all, 'weight'), sum(all, 'shown')]
	return (c: Candidate, i: number): boolean =>
		i === 0 || (c.weight >= needed * total && sum(supporting(c), 'shown') >= needed * totalShown)
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
		features: supporting({ members })
			.sort((a, b) => b.weight - a.weight)
			.map((m) => m.feature),
		contribution: members.reduce((sum, m) => sum + m.contribution, 0),
	}
}
