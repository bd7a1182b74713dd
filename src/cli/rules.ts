import { existsSync } from 'node:fs'
import { checkNames } from '../alerting/alert/check-names.ts'
import type { Config } from '../config.ts'
import { AppError } from '../core/errors.ts'
import { openSql } from '../db/open-node.ts'
import { builtInRules, checkRules, faultText } from '../platform/node/load-rules.ts'
import type { RuleFault } from '../rules/read-file.ts'
import type { RuleSet } from '../rules/rule-set.ts'
import { type Command, requirePositional, UsageError } from './command.ts'

export const rules: Command = {
	help: `Usage: plumbline rules check [DIR] [options]

Checks all rule files of a folder like the service does when it loads them: shape, conditions, metric names, cycles, and
rules that can never fire or never resolve. If the database PLUMBLINE_DATABASE_URL exists, it also warns of models, tags,
environments and features that are not registered.
Default: PLUMBLINE_RULES, or the packaged rules.

  --database   fail if the database cannot be read
  --json       for machines

Exit code: 0 the rules are valid, with or without warnings, 1 they are invalid, 2 they could not be read.
`,
	options: { database: { type: 'boolean' } },
	async run(terminal, args) {
		if (requirePositional(args, 0, '"check"') !== 'check')
			throw new UsageError('The only verb of rules is check.')
		const given = args.positionals[1] ?? terminal.config.PLUMBLINE_RULES
		const folder = args.positionals[1] !== undefined || existsSync(given) ? given : builtInRules()
		const { ruleSet, ...result } = await checkRules(folder)
		if (ruleSet) result.warnings = await warningsOf(terminal.config, ruleSet, args.values.database === true)
		if (args.values.json) terminal.out(`${JSON.stringify(result)}\n`)
		else {
			for (const e of result.errors) terminal.out(`${faultText(e)}\n`)
			for (const w of result.warnings) terminal.out(`warning: ${faultText(w)}\n`)
			// Next to an error they would only distract.
			if (result.ok && result.leftOut.length > 0)
				terminal.out(
					`${result.leftOut.length} packaged rules are not in force: ${result.leftOut.join(', ')}.\n` +
						'Add a file with `extends: packaged` to keep them.\n',
				)
			terminal.out(
				result.ok
					? `${result.rules} rules in ${result.files} files: ${result.warnings.length === 0 ? 'all good' : counted(result.warnings.length, 'warning')}.\n`
					: `${counted(result.errors.length, 'error')}.\n`,
			)
		}
		return result.ok ? 0 : 1
	},
}

const counted = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`

/** Warnings about names in the rules that the database does not have. Without a database: none, unless it was required. */
async function warningsOf(config: Config, ruleSet: RuleSet, isAsked: boolean): Promise<RuleFault[]> {
	const { PLUMBLINE_DATABASE_URL: url, PLUMBLINE_DATABASE_TOKEN: token } = config
	const isMissing = url.startsWith('file:') && !existsSync(url.slice('file:'.length))
	if (isMissing && !isAsked) return []
	if (isMissing) throw new AppError('not-found', `There is no database ${url}. Set PLUMBLINE_DATABASE_URL.`)
	const sql = await openSql(url, token)
	try {
		return await checkNames(sql, ruleSet)
	} catch (error) {
		if (!isAsked) return []
		throw new AppError('unavailable', `The database ${url} cannot be read: ${(error as Error).message}`)
	} finally {
		await sql.close()
	}
}
