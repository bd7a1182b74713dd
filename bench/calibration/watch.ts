import { factsOf } from '../../src/alerting/alert/sources.ts'
import { dayMs, type WindowSize, weekMs } from '../../src/core/time.ts'
import { cutByHourOfWeek, decodeSlots } from '../../src/metrics/baseline-slots.ts'
import { applyHistory, growsBeyond, type PastWindow } from '../../src/metrics/history.ts'
import { type Reference, referenceOf } from '../../src/metrics/reference.ts'
import { computeWindowMetrics } from '../../src/metrics/window-result.ts'
import { adjustForMultipleTests } from '../../src/monitoring/windows/inputs.ts'
import { subjectFacts } from '../../src/monitoring/windows/window-facts.ts'
import { sampleColumns } from '../../src/registry/baseline/collect-baseline.ts'
import { evaluate } from '../../src/rules/evaluate.ts'
import type { RuleSet } from '../../src/rules/rule-set.ts'
import { noStates, type States } from '../../src/rules/states.ts'
import {
	accumulate,
	emptyInputSummary,
	type InputSummary,
	mergeInputSummaries,
} from '../../src/summaries/inputs/input-summary.ts'
import { makeBins } from '../../src/summaries/inputs/make-bins.ts'
import { firstDay, type Kind, specsOf, Traffic } from './traffic.ts'

const rule = { threshold: 0.5 }
const series = { id: 1, model: 'm', version: '1', environment: 'production', segment: '', value: '' }
const longestPast = 60

export type Setting = {
	kind: Kind
	rowsPerDay: number
	days: number
	seed: number
	/** From this day on the first feature has moved by so many standard deviations. */
	shift?: { day: number; by: number }
	baselineRows?: number
	labelled?: boolean
}

/** What the packaged rules say of one model: how often an incident opened, and when first a shift was found. */
export type Watched = { incidents: number; firstFired: number | undefined; fired: string[] }

/** Runs a model's traffic through summaries, metrics and the packaged rules, as the jobs do, without the store. */
export async function watch(ruleSet: RuleSet, setting: Setting): Promise<Watched> {
	const model = new Watch(ruleSet, await baselineOf(setting))
	const traffic = model.traffic
	for (let day = 0; day < setting.days; day++) {
		const { shift } = setting
		const by = shift && day >= shift.day ? shift.by : 0
		model.addDay(day, traffic.rowsOf(day, setting.rowsPerDay, by), shift?.day)
		if (model.watched.firstFired !== undefined) break
	}
	return model.watched
}

async function baselineOf({ kind, seed, baselineRows = 2000, labelled = false }: Setting) {
	const traffic = new Traffic(kind, seed)
	const rows = traffic.baseline(baselineRows, labelled)
	const bins = await makeBins(sampleColumns(specsOf(kind), [rows], rule), rows.rows)
	const inputSummary = emptyInputSummary(bins)
	accumulate(inputSummary, bins, rows, undefined, rule)
	const reference = referenceOf('baseline', bins, inputSummary)
	const slots = cutByHourOfWeek(reference, [rows], rule)
	return { traffic, reference: slots ? { ...reference, seasons: decodeSlots(slots, reference) } : reference }
}

class Watch {
	readonly watched: Watched = { incidents: 0, firstFired: undefined, fired: [] }
	readonly traffic: Traffic
	private readonly reference: Reference
	private readonly rules: RuleSet['rules']
	private readonly baselineFacts: Map<string, ReadonlyMap<string, number>>
	private readonly days: (PastWindow & { inputSummary: InputSummary })[] = []
	private states: Partial<Record<WindowSize, States>> = {}

	constructor({ rules }: RuleSet, { traffic, reference }: { traffic: Traffic; reference: Reference }) {
		this.rules = rules.filter((r) => r.scope === 'window')
		this.traffic = traffic
		this.reference = reference
		this.baselineFacts = new Map(reference.columns.map((c) => [c.bins.name, factsOf(c)]))
	}

	addDay(day: number, rows: Parameters<typeof accumulate>[2], shiftedFrom: number | undefined): void {
		const from = firstDay + day * dayMs
		const inputSummary = emptyInputSummary(this.reference.bins)
		accumulate(inputSummary, this.reference.bins, rows, undefined, rule)
		const past = this.days.slice(-longestPast)
		const hours = () => hoursOf(this.reference, rows)
		const result = this.evaluate('1d', from, inputSummary, { past, parts: hours })
		this.days.push({ from, result, inputSummary })
		this.note(day, shiftedFrom)
		if (day % 7 === 0) this.firedThisWeek.clear()
		for (const [name, of] of this.states['1d'] ?? [])
			if ([...of.values()].some((s) => s.status === 'firing')) this.firedThisWeek.add(name)
		if (day % 7 !== 6) return
		const week = this.days.slice(-7)
		const whole = emptyInputSummary(this.reference.bins)
		for (const { inputSummary: part } of week) mergeInputSummaries(whole, part)
		this.evaluate('7d', from + dayMs - weekMs, whole, {
			past: this.days.slice(-longestPast - 7, -7),
			parts: () => week,
		})
		this.note(day, shiftedFrom)
	}

	private wasFiring = false
	/** Rules of days: they keep those of the week silent. */
	private firedThisWeek = new Set<string>()

	private note(day: number, shiftedFrom: number | undefined): void {
		const firing = Object.values(this.states).flatMap((states) =>
			[...states].flatMap(([name, of]) =>
				[...of].flatMap(([key, s]) => (s.status === 'firing' ? [`${name} ${key}`] : [])),
			),
		)
		if (firing.length > 0 && !this.wasFiring) {
			this.watched.incidents++
			this.watched.fired.push(`day ${day}: ${firing.join(', ')}`)
		}
		this.wasFiring = firing.length > 0
		const found =
			shiftedFrom !== undefined && day >= shiftedFrom && firing.some((f) => f.endsWith('f:income'))
		if (found) this.watched.firstFired ??= day - shiftedFrom + 1
	}

	private evaluate(
		size: WindowSize,
		from: number,
		inputSummary: InputSummary,
		known: { past: readonly PastWindow[]; parts(): readonly PastWindow[] },
	) {
		const { reference } = this
		const result = computeWindowMetrics(reference, inputSummary)
		const parts = size === '7d' || growsBeyond(reference, result) ? known.parts() : []
		const { seasons } = reference
		applyHistory(reference, result, { size, from, past: known.past, parts, same: [], days: [], seasons })
		adjustForMultipleTests(reference, [result])
		const to = from + (size === '1d' ? dayMs : weekMs)
		const record = {
			...{ series: 1, window: size, from, revision: 1, computedAt: to, provisional: false },
			...{ baseline: reference.digest, result, supersededAt: null, matureAt: null, change: null },
		}
		const table = {
			from,
			to,
			closed: true,
			subjects: subjectFacts({ series, input: { record, reference } }, to),
		}
		const rules = this.rules.filter((r) => r.window === size)
		this.states[size] = evaluate(rules, table, this.states[size] ?? noStates, {
			inhibited: (rule) => size === '7d' && rule.inhibitedBy.some((name) => this.firedThisWeek.has(name)),
			state: (name, { feature = '' }) =>
				name === 'baseline.missing' ? false : this.baselineFacts.get(feature)?.get(name),
		}).states
		return result
	}
}

/** The day's hours, as far as a column that grows is told by them. */
function hoursOf(reference: Reference, rows: Parameters<typeof accumulate>[2]): PastWindow[] {
	return Array.from({ length: 24 }, (_, hour) => {
		const own: number[] = []
		rows.timestamps.forEach((at, r) => {
			if (new Date(at).getUTCHours() === hour) own.push(r)
		})
		const inputSummary = emptyInputSummary(reference.bins)
		accumulate(inputSummary, reference.bins, rows, Int32Array.from(own), rule)
		return { from: hour, result: computeWindowMetrics(reference, inputSummary) }
	})
}
