import { existsSync, type FSWatcher, watch } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../context.ts'
import { AppError } from '../core/errors.ts'
import { metricIds } from '../metrics/index.ts'
import { type ParsedRules, parseRules } from './parse-rules.ts'
import type { RuleFault, RuleText } from './read-file.ts'
import type { RuleSet } from './rule-set.ts'

// Beside src when run from the tree, beside dist (or above it) when installed.
const packaged = ['../../rules', '../../../rules'].map((path) =>
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

export const faultText = ({ file, line, column, message }: RuleFault): string =>
	`${file}:${line}:${column}: ${message}`

export type RuleSource = {
	current(): RuleSet
	/** Reads the folder again. A set that is wrong is logged and not used. */
	reload(): Promise<void>
	close(): void
}

/** Reads a rule folder and follows its changes. Throws `invalid` when it is wrong from the start. */
export async function openRules(
	folder: string,
	options: { logger: Logger; watch?: boolean },
): Promise<RuleSource> {
	const ours = existsSync(folder)
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
	const reload = async () => {
		if (ours && !existsSync(folder))
			return options.logger.error('the rule folder is gone; the old rules stay', {
				folder,
				digest: ruleSet.digest,
			})
		const next = await read(folder).catch((error: Error) => ({
			ok: false as const,
			errors: [wholeFolder(error)],
		}))
		if (!next.ok)
			return options.logger.error('the changed rules are wrong; the old ones stay', {
				digest: ruleSet.digest,
				errors: next.errors.map(faultText),
			})
		if (next.ruleSet.digest === ruleSet.digest) return
		options.logger.info('rules reloaded', {
			before: ruleSet.digest,
			after: next.ruleSet.digest,
			rules: next.ruleSet.rules.length,
		})
		ruleSet = next.ruleSet
	}
	const stop = options.watch === false ? () => {} : follow(folder, reload, options.logger)
	return { current: () => ruleSet, reload, close: stop }
}

const read = async (folder: string): Promise<ParsedRules> =>
	parseRules(await readRuleFolder(folder), metricIds)

const wholeFolder = (error: Error): RuleFault => ({ file: '.', line: 1, column: 1, message: error.message })

// Editors write a file in several steps: wait until they are done.
const settleMs = 200

function follow(folder: string, reload: () => Promise<void>, logger: Logger): () => void {
	if (!existsSync(folder)) return () => {}
	let timer: NodeJS.Timeout | undefined
	let watcher: FSWatcher | undefined
	try {
		watcher = watch(folder, () => {
			clearTimeout(timer)
			timer = setTimeout(() => void reload(), settleMs)
			timer.unref()
		})
		watcher.unref()
		watcher.on('error', (error) =>
			logger.warn('the rule folder cannot be watched any more', { folder, error: String(error) }),
		)
	} catch (error) {
		logger.warn('the rule folder cannot be watched; restart to take changes', {
			folder,
			error: String(error),
		})
	}
	return () => {
		clearTimeout(timer)
		watcher?.close()
	}
}

export type RuleCheck = { ok: boolean; files: number; rules: number; errors: RuleFault[] }

/** What `plumbline rules check` says of a folder. Throws `not-found` when there is none. */
export async function checkRules(folder: string): Promise<RuleCheck> {
	if (!existsSync(folder))
		throw new AppError('not-found', `There is no folder ${folder}. Name the folder that has the rule files.`)
	const texts = await readRuleFolder(folder)
	const parsed = await parseRules(texts, metricIds)
	if (!parsed.ok) return { ok: false, files: texts.length, rules: 0, errors: parsed.errors }
	return { ok: true, files: texts.length, rules: parsed.ruleSet.rules.length, errors: [] }
}
