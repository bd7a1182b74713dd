import type { Role } from '../core/actor.ts'
import { matchesAny } from '../core/glob.ts'
import type { BusinessHours } from './business-hours.ts'

/** What a policy, a protection or an executor applies to. A list that is left out matches everything. */
export type ActionMatch = {
	kinds?: readonly string[] | undefined
	/** Globs of names, and tags of which one must match, as in rules. */
	models?: { names: readonly string[]; tags: readonly string[] } | undefined
	riskTiers?: readonly string[] | undefined
	/** Globs. */
	environments?: readonly string[] | undefined
}

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
}

export type ApprovalPolicy = ActionMatch & AppliedPolicy

/** The executor that carries out the actions that match; `settings` are checked by its kind. */
export type ExecutorChoice = ActionMatch & { name: string; settings: unknown }

/** `approvals.yaml`, checked. */
export type PolicySet = {
	policies: readonly ApprovalPolicy[]
	protected: readonly ActionMatch[]
	executors: readonly ExecutorChoice[]
	/** SHA-256 of the canonical content. */
	digest: string
	/** The packaged file applies, since the rules folder has none. */
	isDefault: boolean
}

const days = (n: number) => n * 24 * 3_600_000
const standard = { roles: ['approver'], groups: [], expiresMs: days(7), coolingOffMs: 0, verify: 1 } as const

/** What applies where no file says otherwise. */
export const defaultPolicies: PolicySet = {
	policies: [
		{ ...standard, name: 'retraining', kinds: ['retraining'], needs: 1 },
		{ ...standard, name: 'high-risk', riskTiers: ['high'], needs: 2 },
		{ ...standard, name: 'default', needs: 1 },
	],
	protected: [{ riskTiers: ['high'], environments: ['production'] }],
	executors: [{ name: 'pointer', settings: {} }],
	digest: '',
	isDefault: true,
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

/** The first policy that matches; the packaged ones match everything. */
export const policyFor = ({ policies }: PolicySet, target: ActionTarget): ApprovalPolicy =>
	policies.find((policy) => matchesAction(policy, target)) ??
	(defaultPolicies.policies.at(-1) as ApprovalPolicy)

/** Whether a change of what serves there needs a request. */
export const isProtected = (set: PolicySet, target: Omit<ActionTarget, 'kind'>): boolean =>
	set.protected.some((match) => matchesAction(match, target))
