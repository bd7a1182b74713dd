import { readFileSync } from 'node:fs'
import { californiaPath } from '../../support/peers.ts'
import type { Rows } from './made-windows.ts'

type Months = { month: string; rows: Rows }[]

/** NannyML's example: 8 months of reference, 12 of analysis, with the labels that came later. */
export function readCalifornia(): { reference: Rows; referenceMonths: Months; analysisMonths: Months } {
	const reference = read('reference')
	const analysis = read('analysis')
	const truth = new Map(read('analysis_gt').map((row) => [row.id, row.clf_target]))
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
	const analysis = read('analysis')
	return {
		reference: houses(read('reference')),
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

function read(part: string): Line[] {
	const [head = '', ...lines] = readFileSync(californiaPath(part), 'utf8').trim().split('\n')
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
