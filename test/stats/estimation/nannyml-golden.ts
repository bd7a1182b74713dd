import { readFileSync } from 'node:fs'
import type {
	BinaryRows,
	LabelledBinaryRows,
	NannymlEstimate,
	NannymlMetric,
} from '../../../src/stats/estimation/nannyml-cbpe.ts'
import { expectNear } from '../near.ts'

export type Answers = Record<NannymlMetric, NannymlEstimate>
export type ClassRows = { scores: Record<string, number[]>; predictions: string }
type Golden = {
	isotonic: {
		x: number[]
		y: number[]
		weights: number[]
		thresholds: [number[], number[]]
		at: number[]
		values: number[]
	}[]
	splits: { actual: number[]; tests: number[][] }[]
	binary: {
		name: string
		reference: LabelledBinaryRows
		analysis: BinaryRows
		calibrated: boolean
		answers: Answers
	}[]
	multiclass: {
		name: string
		reference: ClassRows & { actual: string }
		analysis: ClassRows
		calibrated: Record<string, boolean>
		answers: Answers
	}[]
	california: { calibrated: boolean; months: { month: string; answers: Answers }[] }
}

// What NannyML and scikit-learn answer: golden/make.py, with its versions in the file.
export const golden: Golden = JSON.parse(
	readFileSync(new URL('golden/nannyml.json', import.meta.url), 'utf8'),
)

const metrics: readonly NannymlMetric[] = ['roc_auc', 'accuracy', 'precision', 'recall', 'f1', 'specificity']
const parts = ['value', 'samplingError', 'low', 'high'] as const

/** NannyML leaves rows of one score in whatever order its sort made, and only ROC AUC's error depends on it. */
const tiedError = 1e-3

export function expectAnswers(
	estimate: (metric: NannymlMetric) => NannymlEstimate,
	answers: Answers,
	tied: boolean,
) {
	for (const metric of metrics) {
		const ours = estimate(metric)
		for (const part of parts) {
			const dependsOnTies = tied && metric === 'roc_auc' && part !== 'value'
			expectNear(ours[part], answers[metric][part], dependsOnTies ? tiedError : 1e-9, 1e-9)
		}
	}
}
