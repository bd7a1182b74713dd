import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { Manifest } from '../../../src/explain/manifest.ts'
import type { ArtifactFormat, Model } from '../../../src/explain/model.ts'
import { openModel } from '../../../src/explain/open-model.ts'

type Row = Record<string, unknown>
type Nested = number | Nested[]

/** A model with what its own library answers; contributions and interactions may be for the first rows only. */
export type PeerCase = {
	name: string
	format: ArtifactFormat
	text?: string
	base64?: string
	manifest?: unknown
	features?: string[]
	rows: Row[]
	margin: Nested[]
	score?: Nested[]
	contributions: Nested[]
	interactions?: Nested[]
	background?: Row[]
	interventionalRows?: Row[]
	interventional?: Nested[]
}

export const readCases = (gzipped: Uint8Array): PeerCase[] =>
	gunzipSync(gzipped)
		.toString()
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line))

const flat = (value: Nested): number[] => (Array.isArray(value) ? value.flatMap(flat) : [value])

export const bytesOf = ({ text, base64 }: PeerCase): Uint8Array =>
	new Uint8Array(text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text))

export const openCase = (one: PeerCase): Model =>
	openModel(one.format, bytesOf(one), {
		...(one.manifest === undefined ? {} : { manifest: Manifest.parse(one.manifest) }),
		features: (one.features ?? []).map((name) => ({ name })),
	})

/** The largest error, in units of what is allowed at each number's size. */
class Worst {
	error = 0
	add(actual: number, wanted: number, size: number): void {
		const error = Math.abs(actual - wanted) / Math.max(1, size)
		this.error = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(this.error, error)
	}
}

const largest = (values: readonly number[]) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)

/** Fails unless margins are those of the library to the bit (XGBoost) or within 1e-12 (LightGBM), and so are scores. */
export function checkReplay(one: PeerCase, model: Model): void {
	const narrow = one.format !== 'lightgbm-text'
	const [margins, scores] = [new Worst(), new Worst()]
	one.rows.forEach((row, i) => {
		const margin = model.margin(model.encode(row).x)
		const wanted = flat(one.margin[i] as Nested)
		expect(margin.length).toBe(wanted.length)
		margin.forEach((m, k) => {
			margins.add(m, wanted[k] as number, Math.abs(wanted[k] as number))
		})
		if (!one.score) return
		const score = flat(one.score[i] as Nested)
		model.score(margin).forEach((s, k) => {
			const value = Math.abs(score[k] as number)
			// Relative to the score itself, which may be tiny.
			scores.add(value > 0 ? s / value : s, value > 0 ? Math.sign(score[k] as number) : 0, 1)
		})
	})
	expect(margins.error).toBeLessThanOrEqual(narrow ? 0 : 1e-12)
	expect(scores.error).toBeLessThanOrEqual(narrow ? 0 : 2 ** -50)
}

/** Fails unless contributions are those of `pred_contribs` within 2e-6 in float32, or of `pred_contrib` within 1e-9. */
export function checkContributions(one: PeerCase, model: Model): void {
	const worst = new Worst()
	const width = model.features.length + 1
	one.contributions.forEach((nested, i) => {
		const wanted = flat(nested)
		const { base, contributions } = model.explain(model.encode(one.rows[i] as Row).x)
		const size = largest(wanted)
		contributions.forEach((list, k) => {
			for (const [j, c] of list.entries()) worst.add(c, wanted[k * width + j] as number, size)
			worst.add(base[k] as number, wanted[k * width + width - 1] as number, size)
		})
	})
	expect(worst.error).toBeLessThanOrEqual(one.format === 'lightgbm-text' ? 1e-9 : 2e-6)
}

/** Fails unless interventional values are those of shap within 1e-6. */
export function checkInterventional(one: PeerCase, model: Model): void {
	if (!one.interventional || !one.background) return
	const background = model.background(one.background.map((row) => model.encode(row).x))
	const worst = new Worst()
	one.interventional.forEach((nested, i) => {
		const wanted = flat(nested)
		const row = one.interventionalRows?.[i] as Row
		const { contributions } = model.explain(model.encode(row).x, background)
		contributions.forEach((list, k) => {
			for (const [j, c] of list.entries())
				worst.add(c, wanted[j * model.outputs + k] as number, largest(wanted))
		})
	})
	expect(worst.error).toBeLessThanOrEqual(1e-6)
}

/** Fails unless interaction values are those of `pred_interactions` within 1e-5. */
export function checkInteractions(one: PeerCase, model: Model): void {
	if (!one.interactions) return
	const worst = new Worst()
	const n = model.features.length
	one.interactions.forEach((nested, i) => {
		const wanted = flat(nested)
		const size = largest(wanted)
		const all = model.interactions?.(model.encode(one.rows[i] as Row).x)
		expect(all).toHaveLength(model.outputs)
		all?.forEach((pairs, k) => {
			pairs.forEach((value, at) => {
				const cell = (k * (n + 1) + Math.floor(at / n)) * (n + 1) + (at % n)
				worst.add(value, wanted[cell] as number, size)
			})
		})
	})
	expect(worst.error).toBeLessThanOrEqual(1e-5)
}
