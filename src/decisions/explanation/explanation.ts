import type { FeatureNote, Space } from '../../explain/model.ts'
import type { SentCheck } from '../../explain/sent-attributions.ts'
import type { PredictionLineage } from '../lineage/lineage-of-prediction.ts'
import type { Replay } from '../replay/replay-prediction.ts'

/** A part of the answer that can be there or not, and why. `reason` is null where there is nothing to add. */
export type PartStatus<S extends string> = { status: S; reason: string | null }

/** What one feature did to the margin. `value`, `percentile` and `share` are not there for viewers. */
export type Contribution = {
	feature: string
	/** As it was logged; null when it was missing. */
	value?: unknown
	/** In the answer's `space`. base + sum of the contributions = margin. */
	contribution: number
	/** Estimates only. */
	standardError?: number
	/** What it did to the probability; only where the answer has `probability`. */
	probability?: number
	/** Numbers: mid-rank among approved applicants, 0 to 100. Null for others, and where too few are known. */
	percentile?: number | null
	/** Other values: percentage of approved applicants that have the same. */
	share?: number | null
}

/** A principal reason in approved words. */
export type Reason = {
	code: string
	text: string
	/** What speaks for it, the strongest first. */
	features: string[]
	/** Sum of the contributions of its features against the background; null for a knock-out rule. */
	contribution: number | null
}

export type ReasonsStatus =
	| 'ok'
	/** Principal reasons are missing: the table lacks features that are among them. */
	| 'incomplete'
	/** The decision went the person's way: there is nothing to give reasons for. */
	| 'not-adverse'
	/** What was registered did not answer this, or it cannot be told: reasons could be wrong. */
	| 'withheld'
	/** Too few logged decisions to compare with. */
	| 'insufficient'
	/** No approved reason table, no exact explanation, or no decision. */
	| 'unavailable'
	/** The table has no reason for what drove the decision: a notice must not be empty. */
	| 'failed'

/** The nearest change that turns the decision, replayed by the model. `changes` is what `what-if` takes. */
export type Counterfactual = {
	changes: Record<string, unknown>
	/** The same features as they were logged. */
	from: Record<string, unknown>
	score: number
	decision: string
	/** Whether no nearer change can exist within the limits, or the search was cut short. */
	proven: boolean
}

export type CounterfactualsStatus = 'ok' | 'none' | 'not-adverse' | 'withheld' | 'unavailable' | 'hidden'

/** Logged decisions that reasons and percentiles compare with. */
export type UsedBackground = {
	kind: 'approved-near-cut-off' | 'all-applicants'
	/** Rows that reasons compare with. */
	rows: number
	/** Approved applicants that percentiles are among. */
	approved: number
	from: string
	to: string
	/** Names the stored rows: the same digest gives the same answer again. */
	digest: string
}

/** What each part of an answer compares the person with; null where that part is not there. */
export type ComparedWith = {
	/** `model-file`: what the file itself expects (its training rows, or the means that it states). `sender`: unknown to us. */
	contributions: 'model-file' | 'all-applicants' | 'sender' | null
	reasons: UsedBackground['kind'] | null
	percentiles: 'approved-applicants' | null
	/** What a typical distance is. */
	counterfactuals: 'all-applicants' | null
}

/** An entry of the ledger: `leafHash` is that of RFC 6962, in hexadecimal. */
export type LedgerProof = { index: number; leafHash: string }

export type OpenIncident = { id: string; title: string; severity: string; openedAt: string }

/** Attributions that the service sent with the prediction, checked, and compared with those of the artefact. */
export type SentSummary = Pick<SentCheck, 'status' | 'reason'> & {
	/** The largest difference; null where they are not in the same space. */
	largest: { feature: string; sent: number; ours: number; difference: number } | null
	/** Spearman's rho of the sizes over the features in common. */
	rankAgreement: number | null
}

/** The answer to "why was this score given?": everything as it was at the moment of the decision. */
export type Explanation = {
	predictionId: string
	model: string
	version: string
	environment: string
	timestamp: string
	/** As logged. */
	score: number | null
	/** The logged label; else what the threshold makes of the score. */
	decision: string | null
	/** Whether the decision went against the person; null where that cannot be told. */
	adverse: boolean | null
	/** In force at that moment. */
	threshold: number | null
	replay: Replay
	/**
	 * `exact`: of the registered artefact. `sent`: the service's own, checked for additivity. `estimate`: from the model's
	 * endpoint. `unavailable`: the reason says what is missing.
	 */
	explanation: PartStatus<'exact' | 'sent' | 'estimate' | 'unavailable'>
	method: string | null
	space: Space | null
	/** Multiclass: the class that base, margin and contributions are of. */
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
	/** `missing`: features among the principal reasons that the table lacks. */
	reasonsStatus: PartStatus<ReasonsStatus> & { missing: string[] }
	/** The table whose texts were used. */
	reasonTable: { revision: number; digest: string; locale: string | null } | null
	counterfactuals: Counterfactual[]
	counterfactualsStatus: PartStatus<CounterfactualsStatus>
	background: UsedBackground | null
	comparedWith: ComparedWith
	/** Null where none were sent. */
	sent: SentSummary | null
	lineage: PredictionLineage
	/** Open on this model and environment at that moment. */
	incidents: OpenIncident[]
	/** Entries of the ledger: of this look-up, and of the registration of the version. */
	proof: { lookup: LedgerProof; version: LedgerProof | null }
}

/** An explanation before it is on the ledger that somebody saw it. */
export type ExplanationContent = Omit<Explanation, 'proof'>

/** What the model answers for a changed applicant. Never logged as a prediction. */
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
	/** Changed less unchanged, both as the registered model answers them. */
	difference: { score: number; margin: number; contributions: { feature: string; contribution: number }[] }
	/** Whether the registered model answered the logged decision. */
	replay: Replay
	proof: { lookup: LedgerProof }
}
