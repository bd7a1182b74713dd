import type { Role } from '../core/actor.ts'
import { AppError } from '../core/errors.ts'
import { matchesAny } from '../core/glob.ts'
import type { BusinessHours } from './business-hours.ts'

/** What can be requested. */
export const requestKinds = [
	'rollback',
	'promotion',
	'retraining',
	'canary',
	'deployment',
	'silence',
	'reason-table',
	'report',
	'risk-tier',
] as const
export type RequestKind = (typeof requestKinds)[number]

/** What a policy, a protection or an executor applies to. A list that is left out matches everything. */
export type ActionMatch = {
	kinds?: readonly string[] | undefined
	/** Globs of names, and tags of which one must match, as in rules. */
	models?: { names: readonly string[]; tags: readonly string[] } | undefined
	riskTiers?: readonly string[] | undefined
	/** Globs. */
	environments?: readonly string[] | undefined
}

/** What must hold of a version before it gets traffic. */
export const gateIds = ['validation-report', 'bias-audit', 'artifact-digest', 'lineage'] as const
export type GateId = (typeof gateIds)[number]
/** `maxAgeMs`: of the report, from its approval. */
export type Gate = { id: GateId; maxAgeMs?: number }

/** The part of a policy that a request keeps: what applies to its votes and its execution. */
export type AppliedPolicy = {
	name: string
	needs: number
	/** Roles of which a voter must have one; `groups`: or Slack user groups of which they must be in one. */
	roles: readonly Role[]
	groups: readonly string[]
	expiresMs: number
	hours?: BusinessHours
	coolingOffMs: number
	/** Clear windows after which a request with an incident is verified. */
	verify: number
	breakGlass?: { role: Role; expiresMs: number }
	/** Requests that give a version traffic are approved once these hold. Rollbacks have none. */
	gates?: readonly Gate[]
}

export type ApprovalPolicy = ActionMatch &
	AppliedPolicy & {
		/** Of the packaged file. */
		isPackaged?: boolean
	}

/** The executor that carries out the actions that match; `settings` are checked by its kind. */
export type ExecutorChoice = ActionMatch & { name: string; settings: unknown }

export const reportPeriods = ['month', 'quarter'] as const
/** Which reports are made by themselves, of models that are deployed in one of the environments. */
export type ReportSchedule = ActionMatch & { template: string; every: (typeof reportPeriods)[number] }

/** `approvals.yaml`, checked. */
export type PolicySet = {
	policies: readonly ApprovalPolicy[]
	protected: readonly ActionMatch[]
	executors: readonly ExecutorChoice[]
	reports: readonly ReportSchedule[]
	/** SHA-256 of the canonical content. */
	digest: string
	/** The packaged file applies alone, since the rules folder has none. */
	isDefault: boolean
}

/** What a request is about, as policies, protections and executors match it. */
export type ActionTarget = {
	kind?: string
	model: string
	tags: readonly string[]
	riskTier: string | null
	environment: string
}

/** Whether all lists that are given match. Without a kind, those of the match do not count. */
export function matchesAction(match: ActionMatch, target: ActionTarget): boolean {
	const { kinds, models, riskTiers, environments } = match
	if (kinds && target.kind !== undefined && !kinds.includes(target.kind)) return false
	if (riskTiers && !riskTiers.some((tier) => sameTier(tier, target.riskTier))) return false
	if (environments && !matchesAny(environments, target.environment)) return false
	if (!models) return true
	if (models.names.length > 0 && !matchesAny(models.names, target.model)) return false
	return models.tags.length === 0 || models.tags.some((tag) => target.tags.includes(tag))
}

const sameTier = (a: string, b: string | null): boolean => a.toLowerCase() === b?.toLowerCase()

/** The first policy that matches. The last packaged one matches everything. */
export function policyFor({ policies }: PolicySet, target: ActionTarget): ApprovalPolicy {
	const policy = policies.find((each) => matchesAction(each, target))
	if (policy) return policy
	throw new AppError(
		'internal',
		'No policy matches: the packaged approvals.yaml must end with one for everything.',
	)
}

/** Whether a change of what serves there needs a request. */
export const isProtected = (set: PolicySet, target: Omit<ActionTarget, 'kind'>): boolean =>
	set.protected.some((match) => matchesAction(match, target))
