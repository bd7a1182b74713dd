import type { Context } from '../../context.ts'
import { metricIds } from '../../metrics/index.ts'
import { storedRules } from '../../rules/parse-rules.ts'
import type { RuleSet } from '../../rules/rule-set.ts'

/** Says that these are the rules of the service. Of several services the one that said so last has its way. */
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
 * The rules to evaluate by: the service's, whoever evaluates and from whatever folder, so that what runs beside it does not
 * put others in force. Those of this process where no service has said which are its own.
 */
export async function rulesInForce(context: Context): Promise<RuleSet> {
	const [row] = (await context.sql.values({
		sql: "SELECT s.digest, s.content FROM service_state p JOIN rule_set s ON s.digest = p.value WHERE p.name = 'rules'",
	})) as unknown as [string, string][]
	if (!row) return context.rules.current()
	const [digest, content] = row
	const own = ownRules(context)
	return own?.digest === digest ? own : storedRules(digest, content, metricIds)
}

/** The rules of this process; nothing where they cannot be read. */
export function ownRules(context: Context): RuleSet | undefined {
	try {
		return context.rules.current()
	} catch {
		return undefined
	}
}
