import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'
import type { StoredPrediction } from '../../log/prediction-log.ts'
import { type Origins, originsOf } from '../../registry/lineage/links.ts'
import { keptRun, type RunReading } from '../../registry/lineage/training-run.ts'
import type { ModelRow } from '../../registry/model/find-model.ts'
import { modelAt } from '../../registry/model/model-history.ts'
import type { VersionRow } from '../../registry/version/find-version.ts'
import { type LedgerRef, registrations } from './ledger.ts'
import {
	type BaselineThen,
	baselineAt,
	type ReasonTableThen,
	reasonTableAt,
	rulesAt,
	type ServingThen,
	servingAt,
} from './moment.ts'

/** The settings by which a score was read; `since` is when they came into force. */
export type SettingsThen = {
	revision: number
	since: string
	threshold: number | null
	positiveLabel: string | null
	riskTier: string | null
	sensitive: string[]
}

/** Where a decision comes from: the version's origins, and all that was in force at its moment. */
export type PredictionLineage = Origins & {
	version: string
	registeredAt: string
	registered: LedgerRef | null
	/** What served then. Null: the environment had no deployment yet. */
	deployment: ServingThen | null
	/** Who let it serve: whoever set the deployment. */
	approvers: string[]
	baseline: BaselineThen | null
	rules: { digest: string; since: string } | null
	reasonTable: ReasonTableThen | null
	settings: SettingsThen
	/** What the tracking server said of the run, when it was last asked. */
	trainingRun: RunReading | null
}

/**
 * The lineage of one decision as it was when it was made, by eight look-ups at once, each by an index. Nobody outside is
 * asked: a training run is what was kept of it.
 */
export async function lineageOfPrediction(
	context: Context,
	model: Pick<ModelRow, 'name'>,
	row: VersionRow,
	prediction: Pick<StoredPrediction, 'environment' | 'timestamp'>,
): Promise<PredictionLineage> {
	const { name } = model
	const { version } = row
	const { environment, timestamp: at } = prediction
	const [registered, deployment, baseline, rules, reasonTable, moment, run] = await Promise.all([
		registrations(context, [row]),
		servingAt(context, name, environment, version, at),
		baselineAt(context, name, version, at),
		rulesAt(context, at),
		reasonTableAt(context, name, version, at),
		modelAt(context, name, at),
		keptRun(context, row),
	])
	const { revision, threshold, positiveLabel, riskTier, sensitive } = moment
	return {
		version,
		...originsOf(row),
		registeredAt: formatTime(row.createdAt),
		registered: registered.get(`${name}@${version}`) ?? null,
		deployment,
		approvers: deployment?.setBy ? [deployment.setBy.who] : [],
		baseline,
		rules,
		reasonTable,
		settings: {
			revision,
			since: formatTime(moment.since),
			threshold,
			positiveLabel,
			riskTier,
			sensitive,
		},
		trainingRun: run ?? null,
	}
}
