import { z } from 'zod'
import { getOrInsert } from '../../core/maps.ts'
import { isProtectedName, refusedText } from './refused-text.ts'

const name = z.string().min(1).max(1024)
const code = z.string().min(1).max(64).meta({ description: 'The code of the reason in notices and reports.' })
const words = z.string().trim().min(1).max(500)
const scalar = z.union([z.string(), z.number(), z.boolean()])

/** One text, or one for each language (BCP 47, such as `en` or `de-AT`). */
const Text = z.union([words, z.record(z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/), words)])

/** A feature while its value is in a range (`from` <= value < `to`), one of `values`, or missing. */
const Bin = z.strictObject({
	feature: name,
	from: z.number().optional(),
	to: z.number().optional(),
	values: z.array(scalar).min(1).optional(),
	missing: z.literal(true).optional(),
})
export type Bin = z.output<typeof Bin>

const Entry = z.strictObject({
	code,
	text: Text,
	/** Features that support this reason; their contributions add up before reasons are ranked. */
	features: z.array(name).default([]),
	/** Features only while their value is in a bin; a bin takes precedence over `features`. */
	bins: z.array(Bin).default([]),
	/** Entries of one group add up to one reason: that of the entry with the largest weight. */
	group: z.string().min(1).max(64).optional(),
	/** The number of enquiries, which is named as a fifth reason if not among the first four (FCRA s. 609(f)(9)). */
	inquiries: z.boolean().default(false),
})
export type Entry = z.output<typeof Entry>

/** A condition that decides without a score: bankruptcy, age of the account, a debtor list. */
const Condition = z.discriminatedUnion('op', [
	z.strictObject({ feature: name, op: z.enum(['<', '<=', '>', '>=']), value: z.number() }),
	z.strictObject({ feature: name, op: z.enum(['==', '!=']), value: scalar }),
	z.strictObject({ feature: name, op: z.literal('in'), value: z.array(scalar).min(1) }),
	z.strictObject({ feature: name, op: z.literal('missing') }),
])
export type Condition = z.output<typeof Condition>

/** A knock-out rule that decided is the reason (comment 9(b)(2)-8). Without a text it uses that of the entry with its code. */
const KnockOut = z.strictObject({ code, text: Text.optional(), when: Condition })

/**
 * Maps features to the reasons that a lender may give. Methods are those of 12 CFR 1002, Supplement I, comment 9(b)(2)-5:
 * `5(i)` compares with applicants at or slightly above the cut-off, `5(ii)` with all applicants.
 */
export const ReasonTable = z.strictObject({
	method: z.enum(['5(i)', '5(ii)']).default('5(i)'),
	/** More than four reasons are unlikely to help (comment 9(b)(2)-1). */
	most: z.int().min(1).max(4).default(4),
	/** A smaller share of everything that counted against the person is not a principal reason. */
	minShare: z.number().min(0).max(0.5).optional(),
	/** The language of a text when the requested one is missing. */
	locale: z.string().optional(),
	entries: z.array(Entry).max(2000).default([]),
	knockOuts: z.array(KnockOut).max(200).default([]),
})
export type ReasonTable = z.output<typeof ReasonTable>
export type ReasonText = z.output<typeof Text>

/** The text in a language: that locale, else the language without its region, else the table's, else the first. */
export function textIn(
	text: ReasonText,
	locale: string | undefined,
	table: Pick<ReasonTable, 'locale'>,
): { text: string; locale: string | undefined } {
	if (typeof text === 'string') return { text, locale: table.locale }
	const known = Object.keys(text)
	const find = (wanted: string | undefined) =>
		wanted && known.find((k) => k.toLowerCase() === wanted.toLowerCase())
	const found =
		find(locale) ??
		find(locale?.split('-')[0]) ??
		find(table.locale) ??
		find(table.locale?.split('-')[0]) ??
		known[0]
	return { text: text[found as string] as string, locale: found }
}

type TableFault = { path: string; message: string }

/** What the table applies to. `features`: the scored ones, if the version is known. */
type TableSubject = {
	sensitive: readonly string[]
	features?: readonly string[] | undefined
}

/** All faults of a table with their paths; a table without faults may be approved. */
export function checkReasonTable(table: ReasonTable, subject: TableSubject): TableFault[] {
	if (table.entries.length === 0 && table.knockOuts.length === 0)
		return [{ path: 'entries', message: 'is empty: a table needs at least one reason' }]
	return [...codeFaults(table), ...textFaults(table), ...featureFaults(table, subject), ...binFaults(table)]
}

function codeFaults({ entries, knockOuts }: ReasonTable): TableFault[] {
	const faults: TableFault[] = []
	const codes = entries.map((e) => e.code)
	const codesWithText = [...codes, ...knockOuts.filter((k) => k.text !== undefined).map((k) => k.code)]
	entries.forEach(({ code, features, bins }, i) => {
		if (codes.indexOf(code) < i)
			faults.push({ path: `entries.${i}.code`, message: `${JSON.stringify(code)} appears twice` })
		const isUsed = features.length > 0 || bins.length > 0 || knockOuts.some((k) => k.code === code)
		if (!isUsed)
			faults.push({ path: `entries.${i}`, message: 'has no features, no bins and no knock-out rule' })
	})
	knockOuts.forEach(({ code, text }, i) => {
		const path = `knockOuts.${i}.code`
		if (text === undefined && !codes.includes(code))
			faults.push({ path, message: `${JSON.stringify(code)} has no text, here or among the entries` })
		if (text !== undefined && codesWithText.filter((c) => c === code).length > 1)
			faults.push({ path, message: `${JSON.stringify(code)} has two texts` })
	})
	return faults
}

function textFaults({ entries, knockOuts }: ReasonTable): TableFault[] {
	const seen = new Map<string, string>()
	const of = (text: ReasonText, path: string): TableFault[] => {
		const texts = typeof text === 'string' ? [['', text] as const] : Object.entries(text)
		if (texts.length === 0) return [{ path, message: 'has no text in any language' }]
		return texts.flatMap(([locale, words]) => {
			const at = locale === '' ? path : `${path}.${locale}`
			const why = refusedText(words)
			if (why) return [{ path: at, message: why }]
			const key = `${locale} ${words.toLowerCase()}`
			const before = seen.get(key)
			seen.set(key, before ?? at)
			return before === undefined
				? []
				: [{ path: at, message: `repeats the text of ${before}: put their features into one entry` }]
		})
	}
	return [
		...entries.flatMap((e, i) => of(e.text, `entries.${i}.text`)),
		...knockOuts.flatMap((k, i) => (k.text === undefined ? [] : of(k.text, `knockOuts.${i}.text`))),
	]
}

function featureFaults({ entries, knockOuts }: ReasonTable, subject: TableSubject): TableFault[] {
	const faults: TableFault[] = []
	const seen = new Map<string, string>()
	const scored = subject.features && new Set(subject.features)
	const look = (feature: string, path: string, isScored: boolean) => {
		if (subject.sensitive.includes(feature) || isProtectedName(feature))
			faults.push({ path, message: `${JSON.stringify(feature)} is protected and is never a reason` })
		else if (isScored && scored && !scored.has(feature))
			faults.push({
				path,
				message: `${JSON.stringify(feature)} is not scored: reasons name only scored features`,
			})
	}
	entries.forEach(({ features, bins }, i) => {
		features.forEach((feature, j) => {
			const path = `entries.${i}.features.${j}`
			look(feature, path, true)
			const before = seen.get(feature)
			if (before !== undefined)
				faults.push({
					path,
					message: `${JSON.stringify(feature)} is already in ${before}: only one entry can have it`,
				})
			seen.set(feature, before ?? path)
		})
		bins.forEach((bin, j) => {
			look(bin.feature, `entries.${i}.bins.${j}.feature`, true)
		})
	})
	knockOuts.forEach(({ when }, i) => {
		look(when.feature, `knockOuts.${i}.when.feature`, false)
	})
	return faults
}

type Placed = { bin: Bin; path: string }

function binFaults({ entries }: ReasonTable): TableFault[] {
	const faults: TableFault[] = []
	const byFeature = new Map<string, Placed[]>()
	entries.forEach(({ bins }, i) => {
		bins.forEach((bin, j) => {
			const path = `entries.${i}.bins.${j}`
			const { from, to, values, missing } = bin
			const kinds = [from !== undefined || to !== undefined, values !== undefined, missing !== undefined]
			if (kinds.filter(Boolean).length !== 1)
				faults.push({ path, message: 'takes from and to, or values, or missing: one of them' })
			else if (from !== undefined && to !== undefined && !(from < to))
				faults.push({ path, message: `ends at ${to}, which is not above ${from}` })
			else {
				getOrInsert(byFeature, bin.feature, () => []).push({ bin, path })
			}
		})
	})
	return [...faults, ...[...byFeature.values()].flatMap(sharedValues)]
}

/** Bins of one feature that share a value: the reason would depend on their order. */
function sharedValues(bins: readonly Placed[]): TableFault[] {
	const faults: TableFault[] = []
	const shares = ({ bin, path }: Placed, other: string) =>
		faults.push({ path, message: `shares values of ${bin.feature} with ${other}` })
	const firstPath = new Map<string, string>()
	for (const placed of bins.filter(({ bin }) => bin.values || bin.missing)) {
		const keys = new Set(placed.bin.values?.map((v) => `= ${v}`) ?? ['missing'])
		const taken = [...keys].find((key) => firstPath.has(key))
		if (taken !== undefined) shares(placed, firstPath.get(taken) as string)
		for (const key of keys) firstPath.set(key, firstPath.get(key) ?? placed.path)
	}
	const low = ({ bin }: Placed) => bin.from ?? Number.NEGATIVE_INFINITY
	const high = ({ bin }: Placed) => bin.to ?? Number.POSITIVE_INFINITY
	const ranges = bins.filter(({ bin }) => !bin.values && !bin.missing).sort((a, b) => low(a) - low(b))
	let widest: Placed | undefined
	for (const placed of ranges) {
		if (widest && low(placed) < high(widest)) shares(placed, widest.path)
		if (!widest || high(placed) > high(widest)) widest = placed
	}
	return faults
}
