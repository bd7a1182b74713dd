import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import { metricIds } from '../../metrics/index.ts'
import { type ParsedRules, parseRules } from '../../rules/parse-rules.ts'
import type { RuleFault, RuleText } from '../../rules/read-file.ts'
import type { RuleSet } from '../../rules/rule-set.ts'

// Beside src when run from the tree, beside dist (or above it) when installed.
const packaged = ['../../../rules', '../../../rules'].map((path) =>
	fileURLToPath(new URL(path, import.meta.url)),
)

/** The rules that come with the package. */
export const builtInRules = (): string => packaged.find((path) => existsSync(path)) ?? (packaged[0] as string)

const isRuleFile = (name: string) => /\.ya?ml$/.test(name) && !name.startsWith('.')

/** The rule files of a folder; without it, the ones that come with the package. Files in subfolders are not rules. */
export async function readRuleFolder(folder: string): Promise<RuleText[]> {
	const from = existsSync(folder) ? folder : builtInRules()
	const names = (await readdir(from)).filter(isRuleFile).sort()
	return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(from, name), 'utf8') })))
}

export const faultText = ({ file, line, column, rule, message }: RuleFault): string =>
	`${file}:${line}:${column}: ${rule === undefined ? '' : `${rule}: `}${message}`

export type RuleSource = {
	current(): RuleSet
	/** Follows the folder until it is closed: its files, and itself coming and going. */
	follow(onChange: (ruleSet: RuleSet) => Promise<void>): void
	close(): void
}

/** Reads a rule folder. Throws `invalid` when it is wrong from the start; a later set that is wrong is logged and not used. */
export async function openRules(folder: string, { logger }: { logger: Logger }): Promise<RuleSource> {
	const seen = await fingerprint(folder)
	const first = await read(folder)
	if (!first.ok)
		throw new AppError(
			'invalid',
			`The rules in ${folder} are wrong. ${first.errors.map(faultText).join('; ')}`,
			{
				faults: first.errors.map((e) => ({ path: `${e.file}:${e.line}:${e.column}`, message: e.message })),
			},
		)
	let ruleSet = first.ruleSet
	let stop = () => {}
	tellLeftOut(logger, folder, ruleSet)
	const reload = async (onChange: (ruleSet: RuleSet) => Promise<void>) => {
		const fields = { folder, digest: ruleSet.digest }
		if (!existsSync(folder)) return logger.error('the rule folder is gone; the old rules stay', fields)
		const next = await read(folder).catch((error: Error) => ({
			ok: false as const,
			errors: [wholeFolder(error)],
		}))
		if (!next.ok) {
			const errors = next.errors.map(faultText)
			return logger.error('the changed rules are wrong; the old ones stay', { ...fields, errors })
		}
		if (next.ruleSet.digest === ruleSet.digest) return
		const { digest, rules } = next.ruleSet
		logger.info('rules reloaded', { before: ruleSet.digest, after: digest, rules: rules.length })
		ruleSet = next.ruleSet
		tellLeftOut(logger, folder, ruleSet)
		await onChange(ruleSet)
	}
	return {
		current: () => ruleSet,
		follow(onChange) {
			stop = follow(folder, seen, () => reload(onChange))
		},
		close: () => stop(),
	}
}

const read = async (folder: string): Promise<ParsedRules> =>
	parseRules(await readRuleFolder(folder), metricIds, await readRuleFolder(builtInRules()))

const wholeFolder = (error: Error): RuleFault => ({ file: '.', line: 1, column: 1, message: error.message })

function tellLeftOut(logger: Logger, folder: string, { leftOut = [] }: RuleSet): void {
	if (leftOut.length > 0)
		logger.info(`${folder} replaces the packaged rules; a file that says extends: packaged keeps them`, {
			leftOut,
		})
}

const pollMs = 1000

/** What a folder holds, told by names, sizes and times. Polled: watching loses a folder that goes and comes back. */
async function fingerprint(folder: string): Promise<string> {
	try {
		const names = (await readdir(folder)).filter(isRuleFile).sort()
		const stats = await Promise.all(names.map((name) => stat(join(folder, name))))
		return JSON.stringify(stats.map(({ size, mtimeMs, ino }, i) => [names[i], size, mtimeMs, ino]))
	} catch (error) {
		return `${(error as NodeJS.ErrnoException).code}`
	}
}

/** Reloads once a change has been the same for two looks: editors write a file in several steps. */
function follow(folder: string, loaded: string, reload: () => Promise<void>): () => void {
	let taken = loaded
	let before = loaded
	let isBusy = false
	const look = async () => {
		if (isBusy) return
		isBusy = true
		const now = await fingerprint(folder)
		if (now !== taken && now === before) {
			taken = now
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
	/** Packaged rules that do not apply. */
	leftOut: readonly string[]
}

/** What `plumbline rules check` says of a folder, and its rules. Throws `not-found` when there is none. */
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
