import { integerText } from '../../core/categories.ts'
import type { Sql } from '../../db/sql.ts'
import type { Bins, FeatureSpec } from '../../summaries/inputs/bins.ts'
import type { DecisionRule } from '../../summaries/inputs/input-summary.ts'
import { decodeBins, schemaBins } from '../../summaries/inputs/make-bins.ts'
import { modelLabels, type Task } from '../../summaries/outcomes/label.ts'
import { type OutcomeSpec, outcomeSpec } from '../../summaries/outcomes/make-join-index.ts'

/** How rows of a version are summarised: the current bins, how scores become decisions, and the declared segments. */
export type SummarySpec = {
	bins: Bins
	binsId: number
	rule: DecisionRule
	segments: readonly string[]
	outcomes: OutcomeSpec
}

type VersionRow = {
	positiveLabel: string | null
	negativeLabel: string | null
	seenNegative: string | null
	favourable: string | null
	threshold: number | null
	task: Task
	segments: string
	sensitive: string
	bands: string
	revision: number
	features: string
	classes: string | null
	/** Of the baseline; null when there is none. */
	digest: string | null
}

/** Specs by version. Each use queries whether the spec is still current: one row, and no notification can be missed. */
export class SummarySpecs {
	private readonly specs = new Map<string, { stamp: string; spec: SummarySpec }>()
	private readonly sql: Sql

	constructor(sql: Sql) {
		this.sql = sql
	}

	/** Undefined when the version is not registered. */
	async specFor(model: string, version: string): Promise<SummarySpec | undefined> {
		const [row] = await this.sql.all<VersionRow>({
			sql: `SELECT m.positive_label AS positiveLabel, m.negative_label AS negativeLabel, m.seen_negative AS seenNegative,
				m.favourable AS favourable, m.threshold AS threshold, m.task AS task, m.segments AS segments,
				m.sensitive AS sensitive, m.bands AS bands, m.revision AS revision, v.features AS features,
				v.manifest ->> '$.classes' AS classes, b.digest AS digest
				FROM model m JOIN model_version v ON v.model = m.name
				LEFT JOIN baseline b ON b.model = v.model AND b.version = v.version AND b.replaced_at IS NULL
				WHERE m.name = ? AND v.version = ?`,
			params: [model, version],
		})
		if (!row) return undefined
		const key = JSON.stringify([model, version])
		const stamp = JSON.stringify([row.revision, row.digest, row.seenNegative])
		const known = this.specs.get(key)
		if (known?.stamp === stamp) return known.spec
		const spec = await this.makeSpec(model, version, row)
		this.specs.set(key, { stamp, spec })
		return spec
	}

	private async makeSpec(model: string, version: string, row: VersionRow): Promise<SummarySpec> {
		const { positiveLabel, negativeLabel, threshold, seenNegative, classes, digest } = row
		const bins =
			digest === null
				? schemaBins(JSON.parse(row.features) as FeatureSpec[])
				: await this.binsOf(model, version, digest)
		const segments = JSON.parse(row.segments) as string[]
		const described = {
			task: row.task,
			rule: { ...modelLabels(row), threshold },
			sensitive: JSON.parse(row.sensitive) as string[],
			segments,
			seenNegative,
			classes:
				classes === null ? undefined : (JSON.parse(classes) as unknown[]).map((c) => integerText(String(c))),
		}
		return {
			bins,
			binsId: await this.binsId(bins.digest),
			rule: { positiveLabel, negativeLabel, threshold },
			segments,
			outcomes: outcomeSpec(described, JSON.parse(row.bands) as Record<string, number[]>, bins),
		}
	}

	private async binsOf(model: string, version: string, digest: string): Promise<Bins> {
		const [row] = await this.sql.all<{ grid: Uint8Array }>({
			sql: 'SELECT grid FROM baseline WHERE model = ? AND version = ? AND digest = ?',
			params: [model, version, digest],
		})
		return decodeBins((row as { grid: Uint8Array }).grid)
	}

	private async binsId(digest: string): Promise<number> {
		await this.sql.batch([{ sql: 'INSERT OR IGNORE INTO log_grid (digest) VALUES (?)', params: [digest] }])
		const [row] = await this.sql.all<{ id: number }>({
			sql: 'SELECT id FROM log_grid WHERE digest = ?',
			params: [digest],
		})
		return (row as { id: number }).id
	}
}
