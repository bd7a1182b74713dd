import { readFileSync } from 'node:fs'
import { dayMs, formatTime } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { creditPath } from './peers.ts'

export const baselineRows = 10_000
export const days = 20
export const healthyDays = 15

export type CreditRow = Record<string, number | null>

/** The file as it is: every column is a number. */
export function readCredit(): Record<string, number>[] {
	const [head = '', ...lines] = readFileSync(creditPath, 'utf8').trim().split('\n')
	const columns = head.split(',').map((name) => name.replaceAll('"', '').trim())
	return lines.map((line) =>
		Object.fromEntries(line.split(',').map((cell, i) => [columns[i] as string, Number(cell)])),
	)
}

/**
 * 30,000 real applicants in a fixed random order. In the file's own order SEX and AGE stand in blocks (a KS distance of
 * .57 between its first third and some later thousands): that is drift, and would rightly be reported.
 */
export function creditRows(seed: number): { names: string[]; rows: CreditRow[] } {
	const rows: CreditRow[] = readCredit()
	const names = Object.keys(rows[0] ?? {}).slice(1, -1)
	const chance = new Chance(seed)
	for (let i = rows.length - 1; i > 0; i--) {
		const j = Math.floor(chance.uniform() * (i + 1))
		;[rows[i], rows[j]] = [rows[j] as CreditRow, rows[i] as CreditRow]
	}
	return { names, rows }
}

/** A simple scorecard over what the applicant really has: the score itself stays healthy. */
export const scoreOf = (row: CreditRow): number =>
	1 / (1 + Math.exp(1.6 - 0.55 * Number(row.PAY_0) + Number(row.LIMIT_BAL) / 400_000))

const cell = (value: number | null | undefined) =>
	value === null || value === undefined ? '' : String(value)

export function baselineCsv({ names, rows }: ReturnType<typeof creditRows>): string {
	const lines = rows
		.slice(0, baselineRows)
		.map((row) => [...names.map((n) => cell(row[n])), scoreOf(row).toFixed(4)].join(','))
	return [[...names, 'score'].join(','), ...lines].join('\n')
}

/** The other 20,000 as twenty days before `until`; in the last five LIMIT_BAL is too high in half the rows and PAY_0 is missing in 8%. */
export function trafficCsv(
	{ names, rows }: ReturnType<typeof creditRows>,
	until: number,
	seed: number,
): string {
	const chance = new Chance(seed)
	const start = until - days * dayMs
	const perDay = (rows.length - baselineRows) / days
	const lines = rows.slice(baselineRows).map((row, i) => {
		const day = Math.floor(i / perDay)
		const at = start + day * dayMs + Math.floor(((i % perDay) / perDay) * dayMs)
		const score = scoreOf(row).toFixed(4)
		const sent = { ...row }
		if (day >= healthyDays) {
			if (chance.uniform() < 0.5) sent.LIMIT_BAL = Number(row.LIMIT_BAL) * 1.6
			if (chance.uniform() < 0.08) sent.PAY_0 = null
		}
		return [`credit-${row.ID}`, formatTime(at), ...names.map((n) => cell(sent[n])), score].join(',')
	})
	return [['predictionId', 'timestamp', ...names, 'score'].join(','), ...lines].join('\n')
}
