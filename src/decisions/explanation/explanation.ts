import type { FeatureNote, Space } from '../../explain/model.ts'
import type { SentCheck } from '../../explain/sent-attributions.ts'
import type { PredictionLineage } from '../lineage/lineage-of-prediction.ts'
import type { Replay } from '../replay/replay-prediction.ts'

/** The status of a part of an explanation. `reason` is null when there is nothing to add. */
export type PartStatus<S extends string> = { status: S; reason: string | null }

/** What one feature added to the margin. Viewers do not get `value`, `percentile` and `share`. */
export type Contribution = {
	feature: string
	/** As logged; null when missing. */
	value?: unknown
	/** In `space`. base + sum of the contributions = margin. */
	contribution: number
	/** Estimates only. */
	standardError?: number
	/** Its part of the probability; only in explanations with `probability`. */
	probability?: number
	/** Numbers: mid-rank among approved applicants, 0 to 100. Null for other values, and when too few are known. */
	percentile?: number | null
	/** Other values: percentage of approved applicants with the same value. */
	share?: number | null
}

/** A principal reason in approved words. */
export type Reason = {
	code: string
	text: string
	/** The features that support it, the strongest first. */
	features: string[]
	/** Sum of the contributions of its features against the background; null for a knock-out rule. */
	contribution: number | null
}

export type ReasonsStatus =
	| 'ok'
	/** Principal reasons are missing: the table lacks their features. */
	| 'incomplete'
	/** The decision was in the person's favour: it needs no reasons. */
	| 'not-adverse'
	/** The registered model did not give this score, or it is unknown whether it did: reasons could be wrong. */
	| 'withheld'
	/** Too few logged decisions to compare with. */
	| 'insufficient'
	/** No approved reason table, no exact explanation, or no decision. */
	| 'unavailable'
	/** The table has no reason for the features that drove the decision; a notice must not be empty. */
	| 'failed'

/** The nearest change that reverses the decision, replayed by the model. `changes` is an input of `what-if`. */
export type Counterfactual = {
	changes: Record<string, unknown>
	/** The same features as logged. */
	from: Record<string, unknown>
	score: number
	decision: string
	/** True when no nearer change exists within the limits; false when the search was cut short. */
	proven: boolean
}

export type CounterfactualsStatus = 'ok' | 'none' | 'not-adverse' | 'withheld' | 'unavailable' | 'hidden'

/** The logged decisions that reasons and percentiles are compared with. */
export type UsedBackground = {
	kind: 'approved-near-cut-off' | 'all-applicants'
	/** Rows that reasons are compared with. */
	rows: number
	/** The number of approved applicants for percentiles. */
	approved: number
	from: string
	to: string
	/** Identifies the stored rows: the same digest gives the same explanation. */
	digest: string
}

/** What each part of an explanation compares the person with; null when the part is missing. */
export type ComparedWith = {
	/** `model-file`: the file's own expectation (its training rows, or means in the file). `sender`: unknown. */
	contributions: 'model-file' | 'all-applicants' | 'sender' | null
	reasons: UsedBackground['kind'] | null
	percentiles: 'approved-applicants' | null
	/** The rows that define a typical distance. */
	counterfactuals: 'all-applicants' | null
}

/** An entry of the ledger; `leafHash` as in RFC 6962, in hexadecimal. */
export type LedgerProof = { index: number; leafHash: string }

export type OpenIncident = { id: string; title: string; severity: string; openedAt: string }

/** Attributions that the service sent with the prediction, checked, and compared with those of the artefact. */
export type SentSummary = Pick<SentCheck, 'status' | 'reason'> & {
	/** The largest difference; null when they are not in the same space. */
	largest: { feature: string; sent: number; ours: number; difference: number } | null
	/** Spearman's rho of the sizes over the features in common. */
	rankAgreement: number | null
}

/** Why a score was given: everything as of the time of the decision. */
export type Explanation = {
	predictionId: string
	model: string
	version: string
	environment: string
	timestamp: string
	/** As logged. */
	score: number | null
	/** The logged label; else the decision by the threshold. */
	decision: string | null
	/** Whether the decision went against the person; null when unknown. */
	adverse: boolean | null
	/** In force at that time. */
	threshold: number | null
	replay: Replay
	/**
	 * `exact`: from the registered artefact. `sent`: by the service, checked for additivity. `estimate`: from the model's
	 * endpoint or runtime. `unavailable`: `reason` says what is missing.
	 */
	explanation: PartStatus<'exact' | 'sent' | 'estimate' | 'unavailable'>
	method: string | null
	space: Space | null
	/** Multiclass: the class of base, margin and contributions. */
	output: string | null
	base: number | null
	margin: number | null
	/** The largest first. */
	contributions: Contribution[]
	sumError: number | null
	/** Log-odds of one output: the probability of `base`, and how contributions become parts of the probability. */
	probability: { base: number; method: 'aumann-shapley' } | null
	/** On request: the largest SHAP interaction values, both halves of a pair together. */
	interactions?: { features: [string, string]; value: number }[]
	notes: FeatureNote[]
	reasons: Reason[]
	/** `missing`: features of principal reasons that the table lacks. */
	reasonsStatus: PartStatus<ReasonsStatus> & { missing: string[] }
	/** The table whose texts were used. */
	reasonTable: { revision: number; digest: string; locale: string | null } | null
	counterfactuals: Counterfactual[]
	counterfactualsStatus: PartStatus<CounterfactualsStatus>
	background: UsedBackground | null
	comparedWith: ComparedWith
	/** Null when none were sent. */
	sent: SentSummary | null
	lineage: PredictionLineage
	/** Open for this model and environment at that time. */
	incidents: OpenIncident[]
	/** Ledger entries of this look-up and of the registration of the version. */
	proof: { lookup: LedgerProof; version: LedgerProof | null }
}

/** An explanation before its look-up is recorded in the ledger. */
export type ExplanationContent = Omit<Explanation, 'proof'>

/** The model's score for changed features. Never logged as a prediction. */
export type WhatIf = {
	predictionId: string
	model: string
	version: string
	changes: Record<string, unknown>
	score: number | null
	decision: string | null
	method: string
	space: Space
	output: string | null
	base: number
	margin: number
	contributions: Contribution[]
	sumError: number
	notes: FeatureNote[]
	/** Changed minus unchanged, both scored by the registered model. */
	difference: { score: number; margin: number; contributions: { feature: string; contribution: number }[] }
	/** Whether the registered model gave the logged score. */
	replay: Replay
	proof: { lookup: LedgerProof }
}
