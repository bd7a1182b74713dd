import { desc, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { commit } from '../../db/commit.ts'
import { ruleSets, ruleUses, serviceStates } from '../../db/schema.ts'
import { metricIds } from '../../metrics/index.ts'
import { storedRules } from '../../rules/parse-rules.ts'
import type { RuleSet } from '../../rules/rule-set.ts'

/** The actor of everything that rules do. */
export const ruleActor = { id: 'job:evaluate-rules', how: 'job' } as const

/** Publishes the rules of the running service, for commands beside it. With several services the last one wins. */
export async function publishRules(context: Context, { digest, content }: RuleSet): Promise<void> {
	const now = context.now()
	await context.sql.batch([
		{
			sql: 'INSERT OR IGNORE INTO rule_set (digest, content, first_used_at) VALUES (?, ?, ?)',
			params: [digest, content, now],
		},
		{
			sql: `INSERT INTO service_state (name, value, at) VALUES ('rules', ?1, ?2)
				ON CONFLICT (name) DO UPDATE SET value = ?1, at = ?2 WHERE value <> ?1`,
			params: [digest, now],
		},
	])
}

/**
 * The rules to evaluate by: those of the service, also when a command evaluates from another folder. If no service has
 * published rules, those of this process.
 */
export async function rulesInForce(context: Context): Promise<RuleSet> {
	const [published] = await context.db
		.select({ digest: ruleSets.digest, content: ruleSets.content })
		.from(serviceStates)
		.innerJoin(ruleSets, eq(ruleSets.digest, serviceStates.value))
		.where(eq(serviceStates.name, 'rules'))
	if (!published) return context.rules.current()
	const { digest, content } = published
	const own = ownRules(context)
	return own?.digest === digest ? own : storedRules(digest, content, metricIds)
}

/** The rules of this process; undefined if they cannot be read. */
export function ownRules(context: Context): RuleSet | undefined {
	try {
		return context.rules.current()
	} catch {
		return undefined
	}
}

/**
 * Stores the rules and, on the ledger too, since when they are in force: every alert names the digest of the rules that
 * made it. A set that was in force before is recorded again.
 */
export async function recordRules(context: Context, { digest, content }: RuleSet): Promise<void> {
	const [last] = await context.db
		.select({ digest: ruleUses.digest })
		.from(ruleUses)
		.orderBy(desc(ruleUses.at))
		.limit(1)
	if (last?.digest === digest) return
	const at = context.now()
	const set = context.db.insert(ruleSets).values({ digest, content, firstUsedAt: at }).onConflictDoNothing()
	const use = context.db
		.insert(ruleUses)
		.values({ at, digest })
		.onConflictDoUpdate({ target: ruleUses.at, set: { digest } })
	const before = last ? { before: `sha256:${last.digest}` } : {}
	const entry = { action: 'use-rules', object: 'rules', ...before, after: `sha256:${digest}` }
	await commit(context, ruleActor, entry, [{ query: set }, { query: use }])
}
