import { actions } from '../../src/alerting/actions.ts'
import { evaluateAll } from '../../src/alerting/alert/evaluate-all.ts'
import type { Sources } from '../../src/alerting/alert/sources.ts'
import type { Context } from '../../src/context.ts'
import { type WindowSize, windowMs } from '../../src/core/time.ts'
import { metricIds } from '../../src/metrics/index.ts'
import type { ChangedWindow } from '../../src/monitoring/windows/window-facts.ts'
import { parseRules } from '../../src/rules/parse-rules.ts'

type Facts = Record<string, number>

/** Facts that a test sets: `set` adds what was computed of a feature in the window that begins at `from`. */
export class FactScript implements Sources {
	private readonly tables = new Map<number, Map<string, Facts>>()
	private readonly changes: ChangedWindow[] = []
	private readonly place: { model: string; version: string; environment: string }
	readonly size: WindowSize

	constructor(size: WindowSize = '1d', model = 'm') {
		this.size = size
		this.place = { model, version: '1', environment: 'production' }
	}

	set(from: number, feature: string, facts: Facts): void {
		const table = this.tables.get(from) ?? new Map<string, Facts>()
		table.set(feature, { ...table.get(feature), ...facts })
		this.tables.set(from, table)
		this.changes.push({ ...this.place, window: this.size, from, sequence: this.changes.length + 1 })
	}

	changedWindows = async (_: Context, { since }: { since: number }) =>
		this.changes.filter((c) => c.sequence > since)

	readFacts = async (context: Context, { froms }: { froms: readonly number[] }) =>
		froms.map((from) => this.tableOf(context, from))

	private tableOf(context: Context, from: number) {
		const to = from + windowMs[this.size]
		const subjects = [...(this.tables.get(from) ?? [])].map(([feature, facts]) => ({
			...(feature === '' ? {} : { feature }),
			facts: new Map(Object.entries(facts)),
			n: facts.n ?? 1000,
			m: 10_000,
		}))
		return { from, to, closed: to <= context.now(), subjects }
	}

	baselineFacts = async () => new Map<string, ReadonlyMap<string, number>>()

	/** Evaluates what has changed with the rules of a YAML text. */
	async evaluate(context: Context, yaml: string) {
		const parsed = await parseRules([{ name: 'test.yaml', text: yaml }], metricIds)
		if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors))
		context.rules = { current: () => parsed.ruleSet }
		return evaluateAll(context, actions, this)
	}
}

export const driftRule = `
rules:
  - name: drift
    title: has drifted
    each: feature
    window: 1d
    when: drift.effect >= 0.1 && n >= 100
    clear: drift.effect < 0.05
    keep: 2
    then: [open-incident]
`
