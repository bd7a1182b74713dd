import { ArtifactError } from '../model.ts'
import { readJson } from './json.ts'
import { categoryKey, type TreeColumn } from './tree-file.ts'

/** What of the file is about columns. */
export type ColumnFacts = {
	names: readonly string[]
	/** `[min:max]`, categories joined by colons, or `none`. */
	infos: readonly string[]
	/** The parameter `categorical_feature` at the end of the file, if it names columns by index. */
	categorical: readonly number[] | undefined
	/** The last line of the file: the categories of the data frame's columns of type category, in their order. */
	pandas: Uint8Array | undefined
}

function pandasCategories(bytes: Uint8Array): unknown[][] {
	const value = readJson(bytes)
	if (value === null) return []
	const lists: unknown[] = Array.isArray(value) ? value : []
	return lists.map((list) => {
		if (Array.isArray(list)) return list
		if (ArrayBuffer.isView(list)) return Array.from(list as Float64Array)
		throw new ArtifactError('The line pandas_categorical holds no lists: the file is damaged.')
	})
}

/** How many categories the codes of a column ask for: 3 for `-1:0:2`. */
const codesIn = (info = ''): number =>
	/^-?\d+(:-?\d+)*$/.test(info)
		? info.split(':').reduce((most, code) => Math.max(most, Number(code) + 1), 0)
		: 0

/**
 * The columns, with the codes of their categories. The file does not say to which columns the categories of
 * `pandas_categorical` belong: to the categorical ones in order, if they are as many. Otherwise they stay unknown, and a
 * text is refused when a row is encoded.
 */
export function lightgbmColumns(facts: ColumnFacts): TreeColumn[] {
	const byInfo = facts.infos.flatMap((info, i) => (/^-?\d+(:-?\d+)*$/.test(info) ? [i] : []))
	const lists = facts.pandas ? pandasCategories(facts.pandas) : []
	// A code that a list has no category for shows that the list is of another column.
	const fits = (columns: readonly number[]) =>
		columns.length === lists.length &&
		columns.every((column, i) => codesIn(facts.infos[column]) <= (lists[i] as unknown[]).length)
	const owners = [facts.categorical ?? [], byInfo].find(fits) ?? []
	const categorical = new Set([...(facts.categorical ?? []), ...byInfo])
	const codes = new Map(
		owners.map((column, i) => [column, new Map((lists[i] ?? []).map((c, code) => [categoryKey(c), code]))]),
	)
	return facts.names.map((_, i) => ({
		categorical: categorical.has(i),
		codes: codes.get(i),
		incomplete: undefined,
	}))
}
