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
}
