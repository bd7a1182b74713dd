import { z } from 'zod'

const name = z.string().min(1).max(1024)
const code = z.string().min(1).max(64).meta({ description: 'Names the reason in notices and reports.' })
const words = z.string().trim().min(1).max(500)
const scalar = z.union([z.string(), z.number(), z.boolean()])

/** One text, or one a language (BCP 47, such as `en` or `de-AT`). */
const Text = z.union([words, z.record(z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/), words)])

/** A feature while its value lies here: from `from` on, below `to`, one of `values`, or missing. */
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
	/** Features that speak for this reason: they add up before reasons are ranked. */
	features: z.array(name).default([]),
	/** Features only while their value lies in a bin; a bin goes before `features`. */
	bins: z.array(Bin).default([]),
	/** Entries of one group add up and give one reason: that of the entry which weighs most. */
	group: z.string().min(1).max(64).optional(),
	/** The number of enquiries: named as a fifth reason where it is not among the first four (FCRA s. 609(f)(9)). */
	inquiries: z.boolean().default(false),
})
export type Entry = z.output<typeof Entry>

/** What decides without a score: bankruptcy, age of the account, a debtor list. */
const Condition = z.discriminatedUnion('op', [
	z.strictObject({ feature: name, op: z.enum(['<', '<=', '>', '>=']), value: z.number() }),
	z.strictObject({ feature: name, op: z.enum(['==', '!=']), value: scalar }),
	z.strictObject({ feature: name, op: z.literal('in'), value: z.array(scalar).min(1) }),
	z.strictObject({ feature: name, op: z.literal('missing') }),
])
export type Condition = z.output<typeof Condition>

/** A knock-out rule that decided is the reason (comment 9(b)(2)-8). Without a text it has that of the entry of its code. */
const KnockOut = z.strictObject({ code, text: Text.optional(), when: Condition })
export type KnockOut = z.output<typeof KnockOut>

/**
 * From features to the reasons that a lender may give. Methods are those of 12 CFR 1002, Supplement I, comment 9(b)(2)-5:
 * `5(i)` compares with applicants at or slightly above the cut-off, `5(ii)` with all applicants.
 */
export const ReasonTable = z.strictObject({
	method: z.enum(['5(i)', '5(ii)']).default('5(i)'),
	/** More than four are not likely to help (comment 9(b)(2)-1). */
	most: z.int().min(1).max(4).default(4),
	/** A reason below this share of all that counted against the person is too small to be a principal one. */
	minShare: z.number().min(0).max(0.5).optional(),
	/** The language of a text where the asked one is not there. */
	locale: z.string().optional(),
	entries: z.array(Entry).max(2000).default([]),
	knockOuts: z.array(KnockOut).max(200).default([]),
})
export type ReasonTable = z.output<typeof ReasonTable>
export type ReasonText = z.output<typeof Text>

/** The text in a language: exactly, else of the language without its region, else in the table's own, else the first. */
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
