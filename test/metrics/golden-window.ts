import { estimateOutcomes, learn } from '../../src/metrics/estimate-outcomes.ts'
import { metrics } from '../../src/metrics/index.ts'
import {
	type AttributeResult,
	groupAndRest,
	summariseOutcomes,
	wholeOf,
} from '../../src/metrics/outcome-result.ts'
import { OutcomeView } from '../../src/metrics/outcome-view.ts'
import { addOutcome, addPrediction } from '../../src/summaries/outcomes/contribute.ts'
import type { Task } from '../../src/summaries/outcomes/label.ts'
import { emptyOutcomeSummary } from '../../src/summaries/outcomes/outcome-summary.ts'
import { compare, missing, poisson, rowsOf, seeded, uniformly, zipf } from './samples.ts'

/** The numbers of a metric value that are defined. */
export type Golden = Record<string, number>

const toGolden = (value: Record<string, unknown>): Golden =>
	Object.fromEntries(
		Object.entries(value).filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
	)

async function columns(add: (name: string, value: Golden) => void) {
	const chance = seeded(11)
	const before = {
		amount: missing(0.02, (c) => Math.exp(c.normal())),
		visits: poisson(3),
		region: uniformly(6),
		code: zipf(1000),
		same: () => 7,
	}
	const after = { ...before, amount: missing(0.1, (c) => Math.exp(c.normal() + 0.3)), region: uniformly(8) }
	const specs = Object.keys(before).map((name) => ({
		name,
		type: ['region', 'code'].includes(name) ? ('categorical' as const) : ('numeric' as const),
	}))
	const views = await compare(specs, rowsOf(chance, 2000, before), rowsOf(chance, 700, after))
	for (const metric of metrics)
		for (const [column, view] of views)
			if (metric.subject === 'feature') add(`${metric.id} of ${column}`, toGolden(metric.measure(view)))
	const result = {
		rows: 700,
		duplicates: 3,
		errors: 5,
		schemaViolations: 2,
		subjects: 700,
		lastMs: 3_000_000,
		latency: { p50: 11.5, p95: 80, p99: 140 },
		columns: [],
	}
	for (const metric of metrics)
		if (metric.subject === 'model')
			add(metric.id, toGolden(metric.measure({ result, from: 0, until: 3_600_000 })))
}

/** Rows of one task with their outcomes; `shift` moves the scores. */
function outcomes(task: Task, seed: number, shift = 0) {
	const chance = seeded(seed)
	const summary = emptyOutcomeSummary()
	const pairs = { predicted: [] as number[], actual: [] as number[] }
	for (let i = 0; i < 1500; i++) {
		const share = Math.round(100 / (1 + Math.exp(-(chance.normal() + shift)))) / 100
		const group = chance.uniform() < 0.4 ? 'f' : 'm'
		const target = 10 + 3 * chance.normal()
		const score = { binary: share, multiclass: Number.NaN, regression: target, ranking: share }[task]
		const happened = chance.uniform() < (group === 'f' ? share * 0.9 : share)
		const classes: [string, number][] = [
			['a', share],
			['b', (1 - share) / 2],
			['c', (1 - share) / 2],
		]
		const row = {
			score,
			decision:
				{ binary: share >= 0.5 ? '+' : '-', multiclass: share >= 0.4 ? 'a' : 'b' }[task as string] ?? '',
			query: task === 'ranking' ? `q${i % 60}` : '',
			probabilities: task === 'multiclass' ? classes : [],
			groups: [['sex', group]] as const,
		}
		addPrediction(summary, task, row)
		const value =
			{ regression: target + chance.normal(), ranking: happened ? 2 : 0 }[task as string] ?? Number.NaN
		const text = { binary: happened ? '+' : '-', multiclass: happened ? 'a' : 'c', ranking: String(value) }[
			task as string
		]
		if (chance.uniform() < 0.1) continue
		addOutcome(summary, task, row, { observed: true, actual: { text: text ?? '', value } }, 1)
		if (task === 'regression') {
			pairs.predicted.push(score)
			pairs.actual.push(value)
		}
	}
	return { view: new OutcomeView(task, summary), pairs }
}

function groups(
	attributes: ReadonlyMap<string, AttributeResult>,
	add: (name: string, value: Golden) => void,
) {
	for (const [attribute, stored] of attributes)
		for (const value of stored.groups.keys()) {
			const { own, rest } = groupAndRest(stored, value, wholeOf(stored))
			for (const metric of metrics)
				if (metric.subject === 'group')
					add(`${metric.id} of ${attribute}=${value}`, toGolden(metric.measure(own, rest)))
		}
}

/** Every metric that is computed from a window, of one window of each task. */
export async function goldenWindow(): Promise<Record<string, Golden>> {
	const all: Record<string, Golden> = {}
	const add = (name: string, value: Golden) => {
		all[name] = value
	}
	await columns(add)
	for (const task of ['binary', 'multiclass', 'regression', 'ranking'] as const) {
		const { view, pairs } = outcomes(task, 5)
		const { values, attributes } = summariseOutcomes(view, 'positive')
		for (const [id, value] of values) add(`${id}, ${task}`, toGolden(value))
		for (const [name, stored] of attributes)
			for (const [id, value] of stored.values) add(`${id} of ${name}, ${task}`, toGolden(value))
		if (task === 'ranking') continue
		const later = outcomes(task, 6, 0.2).view
		for (const [id, value] of estimateOutcomes(later, learn(view, [], pairs), 7))
			add(`${id}, ${task}`, toGolden(value))
		if (task === 'binary') groups(attributes, add)
	}
	return all
}
