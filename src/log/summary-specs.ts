import { integerText } from '../core/categories.ts'
import type { Sql } from '../db/sql.ts'
import type { Bins, FeatureSpec } from '../summaries/inputs/bins.ts'
import type { DecisionRule } from '../summaries/inputs/input-summary.ts'
import { decodeBins, schemaBins } from '../summaries/inputs/make-bins.ts'
import { modelLabels, type Task } from '../summaries/outcomes/label.ts'
import { type OutcomeSpec, outcomeSpec } from '../summaries/outcomes/make-join-index.ts'

/** What profiling rows of a version takes: its grid in force, how scores become decisions, and the declared segments. */
export type SummarySpec = {
	bins: Bins
	binsId: number
	rule: DecisionRule
	segments: readonly string[]
	outcomeSummary: OutcomeSpec
}

type PlanRow = [
	string | null,
	number | null,
	string,
	number,
	string,
	string | null,
	Task,
	string,
	string,
	string | null,
	string | null,
	string | null,
	string | null,
]

/** Plans by version. Whether one still holds is asked at each use: a point query, and no notice can be missed. */
export class SummarySpecs {
	private readonly plans = new Map<string, { stamp: string; plan: SummarySpec }>()
	private readonly sql: Sql

	constructor(sql: Sql) {
		this.sql = sql
	}

	/** Undefined when the version is not registered. */
	async specFor(model: string, version: string): Promise<SummarySpec | undefined> {
		const [row] = (await this.sql.values({
			sql: `SELECT m.positive_label, m.threshold, m.segments, m.revision, v.features, b.digest, m.task, m.sensitive, m.bands,
				m.negative_label, m.favourable, m.seen_negative, v.manifest ->> '$.classes'
				FROM model m JOIN model_version v ON v.model = m.name
				LEFT JOIN baseline b ON b.model = v.model AND b.version = v.version AND b.replaced_at IS NULL
				WHERE m.name = ? AND v.version = ?`,
			params: [model, version],
		})) as unknown as PlanRow[]
		if (!row) return undefined
		const [
			positiveLabel,
			threshold,
			segmentsJson,
			revision,
			features,
			digest,
			task,
			sensitive,
			bands,
			...more
		] = row
		const [negativeLabel, favourable, seenNegative, classes] = more
		const key = JSON.stringify([model, version])
		const stamp = JSON.stringify([revision, digest, seenNegative])
		const known = this.plans.get(key)
		if (known?.stamp === stamp) return known.plan
		const bins =
			digest === null
				? schemaBins(JSON.parse(features) as FeatureSpec[])
				: await this.binsOf(model, version, digest)
		const rule = { positiveLabel, negativeLabel, threshold }
		const labels = modelLabels({ positiveLabel, negativeLabel, favourable, seenNegative })
		const segments = JSON.parse(segmentsJson) as string[]
		const described = {
			task,
			rule: { ...labels, threshold },
			sensitive: JSON.parse(sensitive) as string[],
			segments,
			seenNegative,
			classes:
				classes === null ? undefined : (JSON.parse(classes) as unknown[]).map((c) => integerText(String(c))),
		}
		const plan = {
			bins,
			binsId: await this.binsId(bins.digest),
			rule,
			segments,
			outcomeSummary: outcomeSpec(described, JSON.parse(bands) as Record<string, number[]>, bins),
		}
		this.plans.set(key, { stamp, plan })
		return plan
	}

	private async binsOf(model: string, version: string, digest: string): Promise<Bins> {
		const [row] = await this.sql.values({
			sql: 'SELECT grid FROM baseline WHERE model = ? AND version = ? AND digest = ?',
			params: [model, version, digest],
		})
		return decodeBins((row as [Uint8Array])[0])
	}

	async binsId(digest: string): Promise<number> {
		await this.sql.batch([{ sql: 'INSERT OR IGNORE INTO log_grid (digest) VALUES (?)', params: [digest] }])
		const [row] = await this.sql.values({ sql: 'SELECT id FROM log_grid WHERE digest = ?', params: [digest] })
		return (row as [number])[0]
	}
}
