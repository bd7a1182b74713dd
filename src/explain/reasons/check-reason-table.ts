import type { Bin, ReasonTable, ReasonText } from './reason-table.ts'
import { isProtectedName, refusedText } from './refused-text.ts'

export type TableFault = { path: string; message: string }

/** What the table is for. `features`: those that are scored, if the version is known. */
export type TableSubject = {
	sensitive: readonly string[]
	features?: readonly string[] | undefined
}

/** Everything that is wrong with a table, with its place. An empty list: it may be put to the vote. */
export function checkReasonTable(table: ReasonTable, subject: TableSubject): TableFault[] {
	if (table.entries.length === 0 && table.knockOuts.length === 0)
		return [{ path: 'entries', message: 'is empty: a table without reasons cannot answer' }]
	return [...codeFaults(table), ...textFaults(table), ...featureFaults(table, subject), ...binFaults(table)]
}

function codeFaults({ entries, knockOuts }: ReasonTable): TableFault[] {
	const faults: TableFault[] = []
	const codes = entries.map((e) => e.code)
	const owned = [...codes, ...knockOuts.filter((k) => k.text !== undefined).map((k) => k.code)]
	entries.forEach(({ code, features, bins }, i) => {
		if (codes.indexOf(code) < i)
			faults.push({ path: `entries.${i}.code`, message: `${JSON.stringify(code)} stands twice` })
		const isUsed = features.length > 0 || bins.length > 0 || knockOuts.some((k) => k.code === code)
		if (!isUsed)
			faults.push({ path: `entries.${i}`, message: 'has no features, no bins and no knock-out rule' })
	})
	knockOuts.forEach(({ code, text }, i) => {
		const path = `knockOuts.${i}.code`
		if (text === undefined && !codes.includes(code))
			faults.push({ path, message: `${JSON.stringify(code)} has no text, here or among the entries` })
		if (text !== undefined && owned.filter((c) => c === code).length > 1)
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
				: [{ path: at, message: `is the text of ${before} again: put their features into one entry` }]
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
			faults.push({ path, message: `${JSON.stringify(feature)} is protected and never a reason` })
		else if (isScored && scored && !scored.has(feature))
			faults.push({ path, message: `${JSON.stringify(feature)} is not scored: reasons name only what is` })
	}
	entries.forEach(({ features, bins }, i) => {
		features.forEach((feature, j) => {
			const path = `entries.${i}.features.${j}`
			look(feature, path, true)
			const before = seen.get(feature)
			if (before !== undefined)
				faults.push({
					path,
					message: `${JSON.stringify(feature)} is in ${before} already: which one would it be?`,
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
				const list = byFeature.get(bin.feature) ?? []
				list.push({ bin, path })
				byFeature.set(bin.feature, list)
			}
		})
	})
	return [...faults, ...[...byFeature.values()].flatMap(sharedValues)]
}

/** Bins of one feature that share a value would make the reason a matter of order. */
function sharedValues(bins: readonly Placed[]): TableFault[] {
	const faults: TableFault[] = []
	const shares = ({ bin, path }: Placed, other: string) =>
		faults.push({ path, message: `shares values of ${bin.feature} with ${other}` })
	const owner = new Map<string, string>()
	for (const placed of bins.filter(({ bin }) => bin.values || bin.missing)) {
		const keys = new Set(placed.bin.values?.map((v) => `= ${v}`) ?? ['missing'])
		const taken = [...keys].find((key) => owner.has(key))
		if (taken !== undefined) shares(placed, owner.get(taken) as string)
		for (const key of keys) owner.set(key, owner.get(key) ?? placed.path)
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
