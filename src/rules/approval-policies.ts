import type { Role } from '../core/actor.ts'

/** What a policy, a protection or an executor applies to. A list that is left out matches everything. */
export type ActionMatch = {
	kinds?: readonly string[] | undefined
	/** Globs of names, and tags of which one must match, as in rules. */
	models?: { names: readonly string[]; tags: readonly string[] } | undefined
	riskTiers?: readonly string[] | undefined
	/** Globs. */
	environments?: readonly string[] | undefined
}

/** Times of day between which approved actions start, in a zone of the IANA database. */
export type BusinessHours = { days: readonly string[]; from: string; to: string; zone: string }

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
