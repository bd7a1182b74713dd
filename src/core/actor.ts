export const roles = ['ingest', 'viewer', 'analyst', 'approver', 'auditor', 'admin'] as const
export type Role = (typeof roles)[number]

/** The roles that may read about models. `ingest` may not. */
export const readers = ['viewer', 'analyst', 'approver', 'auditor'] as const

/** Who acts, as the ledger records it. `how` is the method of authentication. */
export type Actor = {
	id: string // "key:<id>", "slack:<team>/<user>", "job:<name>", "cli"
	how: 'key' | 'slack' | 'job' | 'cli'
	role: Role
	models: readonly string[] // globs
	/** Whose key or Slack user it is. */
	owner?: string | undefined
	/** Ids of the Slack user groups that a Slack user is in, where a policy names groups. */
	groups?: readonly string[]
	/** Id of the HTTP request that it acts in. */
	request?: string
}

/** Who a vote belongs to: two actors of one owner are one person; an actor without an owner is a person of its own. */
export const personOf = ({ id, owner }: Pick<Actor, 'id' | 'owner'>): string =>
	owner?.trim().toLowerCase() || id
