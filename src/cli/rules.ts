import { existsSync } from 'node:fs'
import { builtInRules, checkRules } from '../rules/load-rules-node.ts'
import { type Command, requirePositional, UsageError } from './command.ts'

export const rules: Command = {
	help: `Usage: plumbline rules check [DIR]

Checks all rule files of a folder as the service would when it loads them: shape, conditions, metric names, cycles.
Default: PLUMBLINE_RULES, or the rules that come with Plumbline.

  --json     for machines

Exit code: 0 the rules are good, 1 they are not, 2 they could not be read.
`,
	options: {},
	async run(terminal, args) {
		if (requirePositional(args, 0, '"check"') !== 'check')
			throw new UsageError('rules knows one verb: check.')
		const given = args.positionals[1] ?? terminal.config.PLUMBLINE_RULES
		const folder = args.positionals[1] !== undefined || existsSync(given) ? given : builtInRules()
		const result = await checkRules(folder)
		if (args.values.json) terminal.out(`${JSON.stringify(result)}\n`)
		else {
			for (const e of result.errors) terminal.out(`${e.file}:${e.line}:${e.column}: ${e.message}\n`)
			terminal.out(
				result.ok
					? `${result.rules} rules in ${result.files} files: all good.\n`
					: `${result.errors.length} faults.\n`,
			)
		}
		return result.ok ? 0 : 1
	},
}
