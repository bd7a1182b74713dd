import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { metricIds } from '../../metrics/index.ts'
import { isPolicyFile } from '../../rules/parse-policies.ts'
import { type ParsedRules, parseRules } from '../../rules/parse-rules.ts'
import type { RuleFault, RuleText } from '../../rules/read-file.ts'
import type { RuleSet } from '../../rules/rule-set.ts'

/** The folder of the packaged rules, beside `src` in the repository and beside `dist` in the package. */
export const builtInRules = (): string => fileURLToPath(new URL('../../../rules', import.meta.url))

const isRuleFile = (name: string) => /\.ya?ml$/.test(name) && !name.startsWith('.') && !isPolicyFile(name)

/**
 * The rule files of a folder, or the packaged ones where it does not exist or has only policies. Files in subfolders are
 * ignored.
 */
export async function readRuleFolder(folder: string): Promise<RuleText[]> {
	const all = existsSync(folder) ? await readdir(folder) : []
	const hasPolicies = all.some(isPolicyFile) && !all.some(isRuleFile)
	const from = existsSync(folder) && !hasPolicies ? folder : builtInRules()
	const names = (await readdir(from)).filter(isRuleFile).sort()
	return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(from, name), 'utf8') })))
}

export const faultText = ({ file, line, column, rule, message }: RuleFault): string =>
	`${file}:${line}:${column}: ${rule === undefined ? '' : `${rule}: `}${message}`

export type RuleSource = {
	current(): RuleSet
	/** Watches the folder until `close`: its files, and whether it exists. */
	follow(onChange: (ruleSet: RuleSet) => Promise<void>): void
	close(): void
}

/** Reads a rule folder. Throws `invalid` when it is invalid at the start; later invalid rules are logged and not used. */
export async function openRules(folder: string, { logger }: { logger: Logger }): Promise<RuleSource> {
	const seen = await fingerprint(folder, isRuleFile)
	const first = await read(folder)
	if (!first.ok)
		throw new AppError(
			'invalid',
			`The rules in ${folder} are invalid. ${first.errors.map(faultText).join('; ')}`,
			{
				faults: first.errors.map((e) => ({ path: `${e.file}:${e.line}:${e.column}`, message: e.message })),
			},
		)
	let ruleSet = first.ruleSet
	let stop = () => {}
	logLeftOut(logger, folder, ruleSet)
	const reload = async (onChange: (ruleSet: RuleSet) => Promise<void>) => {
		const fields = { folder, digest: ruleSet.digest }
		if (!existsSync(folder))
			return logger.error('the rule folder was removed; the current rules stay in force', fields)
		const next = await read(folder).catch((error: Error) => ({
			ok: false as const,
			errors: [wholeFolder(error)],
		}))
		if (!next.ok) {
			const errors = next.errors.map(faultText)
			return logger.error('the changed rules are invalid; the current rules stay in force', {
				...fields,
				errors,
			})
		}
		if (next.ruleSet.digest === ruleSet.digest) return
		const { digest, rules } = next.ruleSet
		logger.info('rules reloaded', { before: ruleSet.digest, after: digest, rules: rules.length })
		ruleSet = next.ruleSet
		logLeftOut(logger, folder, ruleSet)
		await onChange(ruleSet)
	}
	return {
		current: () => ruleSet,
		follow(onChange) {
			stop = poll(
				() => fingerprint(folder, isRuleFile),
				seen,
				() => reload(onChange),
			)
		},
		close: () => stop(),
	}
}

const read = async (folder: string): Promise<ParsedRules> =>
	parseRules(await readRuleFolder(folder), metricIds, await readRuleFolder(builtInRules()))

const wholeFolder = (error: Error): RuleFault => ({ file: '.', line: 1, column: 1, message: error.message })

function logLeftOut(logger: Logger, folder: string, { leftOut = [] }: RuleSet): void {
	if (leftOut.length > 0)
		logger.info(`${folder} replaces the packaged rules; a file that says extends: packaged keeps them`, {
			leftOut,
		})
}

const pollMs = 1000

/** The names, sizes and times of some files of a folder. It is polled: a file watcher loses a folder that is removed and created again. */
export async function fingerprint(folder: string, matches: (name: string) => boolean): Promise<string> {
	try {
		const names = (await readdir(folder)).filter(matches).sort()
		const stats = await Promise.all(names.map((name) => stat(join(folder, name))))
		return JSON.stringify(stats.map(({ size, mtimeMs, ino }, i) => [names[i], size, mtimeMs, ino]))
	} catch (error) {
		return `${(error as NodeJS.ErrnoException).code}`
	}
}

/**
 * Reloads when two polls see the same change: editors write a file in several steps. `fingerprint` changes with the
 * content; `loaded` is that of what was loaded. Returns how to stop.
 */
export function poll(
	fingerprint: () => Promise<string>,
	loaded: string,
	reload: () => Promise<void>,
): () => void {
	let current = loaded
	let before = loaded
	let isBusy = false
	const look = async () => {
		if (isBusy) return
		isBusy = true
		const now = await fingerprint()
		if (now !== current && now === before) {
			current = now
			await reload()
		}
		before = now
		isBusy = false
	}
	const timer = setInterval(() => void look(), pollMs)
	timer.unref()
	return () => clearInterval(timer)
}

export type RuleCheck = {
	ok: boolean
	files: number
	rules: number
	errors: RuleFault[]
	warnings: RuleFault[]
	/** Packaged rules that are not in force. */
	leftOut: readonly string[]
}

/** The result of `plumbline rules check` for a folder, and its rules. Throws `not-found` without the folder. */
export async function checkRules(folder: string): Promise<RuleCheck & { ruleSet?: RuleSet }> {
	if (!existsSync(folder))
		throw new AppError('not-found', `There is no folder ${folder}. Name the folder that has the rule files.`)
	const files = (await readRuleFolder(folder)).length
	const parsed = await read(folder)
	if (!parsed.ok) return { ok: false, files, rules: 0, errors: parsed.errors, warnings: [], leftOut: [] }
	const { ruleSet } = parsed
	const { leftOut = [], rules } = ruleSet
	return { ok: true, files, rules: rules.length, errors: [], warnings: [], leftOut, ruleSet }
}
