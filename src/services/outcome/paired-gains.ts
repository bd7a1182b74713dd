import type { Context } from '../../context.ts'
import type { RowBatch } from '../../profile/columns.ts'
import { addLoss, type LossSums, noLosses } from '../../stats/sequential/loss-sums.ts'
import { textOf } from '../../tally/brief.ts'
import { actualOf, modelLabels, positive } from '../../tally/label.ts'
import { makeBrief, type TallyPlan } from '../../tally/make-brief.ts'
import { labelsOf } from '../baseline/tally-baseline.ts'
import type { Losses, Period } from './losses.ts'

type Side = { id: string; score: number; decision: string }

/** Requests of a shadowed deployment are one to the other by subject and time. Past so many the oldest are enough. */
const mostPairs = 200_000
const idsAtOnce = 5000

/**
 * Champion's loss less challenger's over the requests that both scored, which are those of one subject at one time, where that is one row on either side;
 * undefined when there are none. Outcomes may be known by either prediction.
 */
export async function pairedGains(
	context: Context,
	period: Period,
	champion: string,
	challenger: string,
): Promise<Partial<Losses> | undefined> {
	const { model } = period
	const rule = { ...modelLabels(model), threshold: model.threshold }
	const plan: TallyPlan = { task: model.task, rule, attributes: [], segments: [] }
	// A key that a side has twice names no request: which row goes with which cannot be known.
	const others = new Map<string, Side | 'several'>()
	await scanSides(context, period, challenger, plan, (key, side) => {
		if (others.has(key)) others.set(key, 'several')
		else if (others.size < mostPairs) others.set(key, side)
	})
	if (others.size === 0) return undefined
	const own = new Map<string, Side | 'several'>()
	await scanSides(context, period, champion, plan, (key, side) => {
		if (others.has(key)) own.set(key, own.has(key) ? 'several' : side)
	})
	const pairs: [Side, Side][] = []
	for (const [key, side] of own) {
		const other = others.get(key)
		if (side !== 'several' && other !== undefined && other !== 'several') pairs.push([side, other])
	}
	return pairs.length === 0 ? undefined : gainsOf(context, period, plan, pairs)
}

async function scanSides(
	context: Context,
	{ model, environment, from, to }: Period,
	version: string,
	plan: TallyPlan,
	onRow: (key: string, side: Side) => void,
): Promise<void> {
	await context.log.scan({ model: model.name, version, environment, from, to }, (batch: RowBatch) => {
		const rows = Int32Array.from({ length: batch.rows }, (_, r) => r)
		const { scores, decisions } = makeBrief(batch, rows, plan, new Uint32Array(batch.rows))
		for (const r of rows) {
			const subject = batch.strings[batch.subjects[r] as number]
			if (subject === undefined) continue
			const side = { id: batch.ids[r] as string, score: scores[r] as number, decision: textOf(decisions, r) }
			onRow(`${batch.timestamps[r]} ${subject}`, side)
		}
	})
}

async function gainsOf(
	context: Context,
	{ model }: Period,
	plan: TallyPlan,
	pairs: readonly [Side, Side][],
): Promise<Partial<Losses>> {
	const gains: Losses = { brier: noLosses, error: noLosses, absolute: noLosses }
	for (let i = 0; i < pairs.length; i += idsAtOnce) {
		const part = pairs.slice(i, i + idsAtOnce)
		const own = await context.log.actuals(
			model.name,
			part.map(([side]) => side.id),
		)
		const other = await context.log.actuals(
			model.name,
			part.map(([, side]) => side.id),
		)
		const labels = labelsOf(part.map((_, k) => own[k] ?? other[k]))
		part.forEach(([a, b], k) => {
			const actual = actualOf(plan.task, plan.rule, labels.labels, k, labels.strings)
			if (!actual) return
			for (const [name, gain] of gainsOfRow(plan.task, a, b, actual)) gains[name] = addLoss(gains[name], gain)
		})
	}
	return Object.fromEntries(Object.entries(gains).filter(([, sums]: [string, LossSums]) => sums.n > 0))
}

function gainsOfRow(
	task: TallyPlan['task'],
	a: Side,
	b: Side,
	actual: { text: string; value: number },
): [keyof Losses, number][] {
	if (task === 'regression') {
		const gain = Math.abs(a.score - actual.value) - Math.abs(b.score - actual.value)
		return Number.isFinite(gain) ? [['absolute', gain]] : []
	}
	const wrong = ({ decision }: Side) => (decision === actual.text ? 0 : 1)
	const list: [keyof Losses, number][] =
		a.decision !== '' && b.decision !== '' ? [['error', wrong(a) - wrong(b)]] : []
	const isProbability = ({ score }: Side) => score >= 0 && score <= 1
	if (task !== 'binary' || !isProbability(a) || !isProbability(b)) return list
	const y = actual.text === positive ? 1 : 0
	return [...list, ['brier', (a.score - y) ** 2 - (b.score - y) ** 2]]
}
