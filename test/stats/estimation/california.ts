import { existsSync, readFileSync } from 'node:fs'
import type { Rows } from './made-windows.ts'

const folder = new URL('../../../../shared/data/california-housing/', import.meta.url)

/** The data set is not part of the repository; CI must have it, another machine may run without. */
export const hasCalifornia =
	existsSync(new URL('california_housing_reference.csv', folder)) || !!process.env.CI

type Months = { month: string; rows: Rows }[]

/** NannyML's example: 8 months of reference, 12 of analysis, with the labels that came later. */
export function readCalifornia(): { reference: Rows; referenceMonths: Months; analysisMonths: Months } {
	const reference = read('california_housing_reference.csv')
	const analysis = read('california_housing_analysis.csv')
	const truth = new Map(read('california_housing_analysis_gt.csv').map((row) => [row.id, row.clf_target]))
	const labelled = analysis.map((row) => ({ ...row, clf_target: truth.get(row.id) }))
	return {
		reference: rowsOf(reference),
		referenceMonths: monthsOf(reference),
		analysisMonths: monthsOf(labelled),
	}
}

/** The same with the houses' features, the score taken as a regression's prediction of the label. */
export function readHouses() {
	const houses = (lines: readonly Line[]) => {
		const column = (name: string) => lines.map((line) => Number(line[name]))
		const predictions = column('y_pred_proba')
		const features = Object.fromEntries(featureNames.map((name) => [name, column(name)]))
		return { features, predictions, actual: column('clf_target') }
	}
	const analysis = read('california_housing_analysis.csv')
	return {
		reference: houses(read('california_housing_reference.csv')),
		analysisMonths: [...new Set(analysis.map(monthOf))].map((month) => ({
			month,
			rows: houses(analysis.filter((line) => monthOf(line) === month)),
		})),
	}
}

const featureNames = [
	'MedInc',
	'HouseAge',
	'AveRooms',
	'AveBedrms',
	'Population',
	'AveOccup',
	'Latitude',
	'Longitude',
]

type Line = Record<string, string | undefined>

function read(name: string): Line[] {
	const [head = '', ...lines] = readFileSync(new URL(name, folder), 'utf8').trim().split('\n')
	const columns = head.trim().split(',')
	return lines.map((line) => {
		const cells = line.trim().split(',')
		return Object.fromEntries(columns.map((column, i) => [column, cells[i]]))
	})
}

const rowsOf = (records: readonly Line[]): Rows => ({
	scores: records.map((r) => Number(r.y_pred_proba)),
	predictions: records.map((r) => Number(r.y_pred)),
	actual: records.map((r) => Number(r.clf_target)),
})

function monthsOf(records: readonly Line[]): Months {
	const months = [...new Set(records.map(monthOf))]
	return months.map((month) => ({ month, rows: rowsOf(records.filter((r) => monthOf(r) === month)) }))
}

const monthOf = (line: Line): string => (line.timestamp ?? '').slice(0, 7)
