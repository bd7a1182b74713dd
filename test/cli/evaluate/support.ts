import { dataColumns } from '../../../src/cli/evaluate/data-columns.ts'
import { evaluate } from '../../../src/cli/evaluate/evaluate.ts'
import type { Evaluation } from '../../../src/cli/evaluate/evaluation.ts'
import { makeRows } from '../../../src/cli/evaluate/make-rows.ts'
import type { Request } from '../../../src/cli/evaluate/options.ts'
import type { Rows } from '../../../src/cli/evaluate/rows.ts'
import { readCsv } from '../../../src/tables/read-columns.ts'

export const request = (more: Partial<Request>): Request => ({
	task: 'binary',
	actual: 'actual',
	score: undefined,
	classScores: [],
	prediction: undefined,
	threshold: 0.5,
	positive: undefined,
	groups: [],
	facets: [],
	minGroup: 30,
	query: undefined,
	...more,
})

/** The text as a file in pieces of `size` bytes. */
export async function* pieces(text: string | Uint8Array, size = 1 << 16): AsyncGenerator<Uint8Array> {
	const bytes = Buffer.from(text)
	for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function rowsOfCsv(asked: Request, csv: string): Promise<Rows> {
	const { columns, wanted } = dataColumns(asked, false)
	const { rows } = await readCsv(pieces(csv), wanted)
	return makeRows(asked, columns, rows)
}

export async function evaluateCsv(asked: Request, csv: string): Promise<Evaluation> {
	return evaluate(asked, await rowsOfCsv(asked, csv), undefined).result
}

export type CreditRow = Record<string, number>

export const csvOf = (
	rows: readonly CreditRow[],
	columns: Record<string, (row: CreditRow) => unknown>,
): string =>
	[
		Object.keys(columns).join(','),
		...rows.map((row) =>
			Object.values(columns)
				.map((of) => String(of(row)))
				.join(','),
		),
	].join('\n')

/** A number that one row must have. */
export const at = (row: CreditRow, name: string): number => {
	const value = row[name]
	if (value === undefined) throw new Error(`there is no ${name}`)
	return value
}
