export const roles = ['ingest', 'viewer', 'analyst', 'approver', 'auditor', 'admin'] as const
export type Role = (typeof roles)[number]

/** The roles that read about models; `ingest` stands apart. */
export const readers = ['viewer', 'analyst', 'approver', 'auditor'] as const

/** Who acts, as the ledger records it. `how` is the way they were authenticated. */
export type Actor = {
	id: string // "key:<id>", "slack:<team>/<user>", "job:<name>", "cli"
	how: 'key' | 'slack' | 'job' | 'cli'
	role: Role
	models: readonly string[] // globs
}
