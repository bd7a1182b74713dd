import { existsSync } from 'node:fs'
import { checkNames } from '../alerting/alert/check-names.ts'
import { unsatisfiablePolicies } from '../approvals/policy/unsatisfiable.ts'
import { AppError } from '../core/errors.ts'
import { openDatabase } from '../db/database.ts'
import { openSql } from '../db/open-node.ts'
import { executorSettings } from '../integrations/index.ts'
import { openPeople } from '../platform/node/load-people.ts'
import { readPolicies } from '../platform/node/load-policies.ts'
import { builtInRules, checkRules, faultText, type RuleCheck } from '../platform/node/load-rules.ts'
import type { ParsedPolicies } from '../rules/parse-policies.ts'
import type { RuleFault } from '../rules/read-file.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import { type Command, requirePositional, type Terminal, UsageError } from './command.ts'

export const rules: Command = {
	help: `Usage: plumbline rules check [DIR] [options]

Checks all rule files of a folder like the service does when it loads them: shape, conditions, metric names, cycles, and
rules that can never fire or never resolve; and approvals.yaml, with the settings of its executors. If the database
PLUMBLINE_DATABASE_URL exists, it also warns of models, tags, environments and features that are not registered, and of
policies of approvals.yaml that too few people can satisfy.
Default: PLUMBLINE_RULES, or the packaged rules.

  --database   fail if the database cannot be read, and check the packaged policies too
  --json       for machines

Exit code: 0 the files are valid, with or without warnings, 1 they are invalid, 2 they could not be read.
`,
	options: { database: { type: 'boolean' } },
	async run(terminal, args) {
		if (requirePositional(args, 0, '"check"') !== 'check')
			throw new UsageError('The only verb of rules is check.')
		const given = args.positionals[1] ?? terminal.config.PLUMBLINE_RULES
		const folder = args.positionals[1] !== undefined || existsSync(given) ? given : builtInRules()
		const { ruleSet, ...checked } = await checkRules(folder)
		const policies = await readPolicies(folder, executorSettings())
		const result = {
			...checked,
			ok: checked.ok && policies.ok,
			policies: policies.ok ? policies.policies.policies.length : 0,
			errors: [...checked.errors, ...(policies.ok ? [] : policies.errors)],
		}
		if (ruleSet && policies.ok)
			result.warnings = await warningsOf(terminal, ruleSet, policies, args.values.database === true)
		if (args.values.json) terminal.out(`${JSON.stringify(result)}\n`)
		else show(terminal, result)
		return result.ok ? 0 : 1
	},
}

type Checked = RuleCheck & { policies: number }

function show(
	terminal: Terminal,
	{ ok, rules: count, files, policies, errors, warnings, leftOut }: Checked,
): void {
	for (const e of errors) terminal.out(`${faultText(e)}\n`)
	for (const w of warnings) terminal.out(`warning: ${faultText(w)}\n`)
	// Next to an error they would only distract.
	if (ok && leftOut.length > 0)
		terminal.out(
			`${leftOut.length} packaged rules are not in force: ${leftOut.join(', ')}.\n` +
				'Add a file with `extends: packaged` to keep them.\n',
		)
	const verdict = warnings.length === 0 ? 'all good' : counted(warnings.length, 'warning')
	terminal.out(
		ok
			? `${count} rules in ${files} files, ${policies} approval policies: ${verdict}.\n`
			: `${counted(errors.length, 'error')}.\n`,
	)
}

const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`

/** What the database says against the files: names that it does not have, policies that too few people satisfy. */
async function warningsOf(
	{ config, now }: Terminal,
	ruleSet: RuleSet,
	policies: ParsedPolicies & { ok: true },
	isAsked: boolean,
): Promise<RuleFault[]> {
	const { PLUMBLINE_DATABASE_URL: url, PLUMBLINE_DATABASE_TOKEN: token } = config
	const isMissing = url.startsWith('file:') && !existsSync(url.slice('file:'.length))
	if (isMissing && !isAsked) return []
	if (isMissing) throw new AppError('not-found', `There is no database ${url}. Set PLUMBLINE_DATABASE_URL.`)
	const sql = await openSql(url, token)
	const people = await openPeople(config.PLUMBLINE_PEOPLE, { logger: silent })
	try {
		const reads = { db: openDatabase(sql), now, people }
		// A fresh installation has one key: the packaged policies are reported only on request.
		const found = (await unsatisfiablePolicies(reads, policies.policies)).filter(
			({ policy }) => isAsked || !policy.isPackaged,
		)
		return [
			...(await checkNames(sql, ruleSet)),
			...found.map(({ policy: { name }, message }) => ({
				...(policies.positions.get(name) ?? { file: 'packaged/approvals.yaml', line: 1, column: 1 }),
				message,
			})),
		]
	} catch (error) {
		if (!isAsked) return []
		throw new AppError('unavailable', `The database ${url} cannot be read: ${(error as Error).message}`)
	} finally {
		people.close()
		await sql.close()
	}
}

const silent = { info() {}, warn() {}, error() {} }
