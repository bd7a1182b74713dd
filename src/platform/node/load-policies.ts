import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { PolicySet } from '../../rules/approval-policies.ts'
import {
	type ExecutorSettings,
	isPolicyFile,
	type ParsedPolicies,
	parsePolicies,
} from '../../rules/parse-policies.ts'
import type { RuleText } from '../../rules/read-file.ts'
import { builtInRules, faultText, fingerprint, poll } from './load-rules.ts'

export type PolicySource = { current(): PolicySet; close(): void }

/** The policies of a rules folder; the packaged ones apply where it has no such file. */
export async function readPolicies(folder: string, executors: ExecutorSettings): Promise<ParsedPolicies> {
	const packaged = await readOne(builtInRules())
	if (!packaged) throw new AppError('internal', `The package has no approvals.yaml in ${builtInRules()}.`)
	return parsePolicies(existsSync(folder) ? await readOne(folder) : undefined, packaged, executors)
}

async function readOne(folder: string): Promise<RuleText | undefined> {
	const [name, ...more] = (await readdir(folder)).filter(isPolicyFile).sort()
	if (name === undefined) return undefined
	if (more.length > 0)
		throw new AppError(
			'invalid',
			`${folder} has ${name} and ${more.join()}. Keep one of them: only one can apply.`,
		)
	return { name, text: await readFile(join(folder, name), 'utf8') }
}

/**
 * Reads the policies and follows their changes until `close`. Throws `invalid` when the file is invalid at the start; a later
 * invalid one is logged and not used.
 */
export async function openPolicies(
	folder: string,
	{ executors, logger }: { executors: ExecutorSettings; logger: Logger },
): Promise<PolicySource> {
	const look = () => fingerprint(folder, isPolicyFile)
	const seen = await look()
	let policies = policiesOf(folder, await readPolicies(folder, executors))
	const reload = async () => {
		try {
			if (!existsSync(folder)) throw new AppError('not-found', 'The rules folder was removed.')
			const next = policiesOf(folder, await readPolicies(folder, executors))
			if (next.digest === policies.digest) return
			logger.info('approval policies reloaded', { before: policies.digest, after: next.digest })
			policies = next
		} catch (error) {
			logger.error('the changed approvals.yaml is invalid; the current policies stay in force', {
				folder,
				error: (error as Error).message,
			})
		}
	}
	return { current: () => policies, close: poll(look, seen, reload) }
}

function policiesOf(folder: string, parsed: ParsedPolicies): PolicySet {
	if (parsed.ok) return parsed.policies
	throw new AppError(
		'invalid',
		`The approval policies in ${folder} are invalid. ${parsed.errors.map(faultText).join('; ')}`,
		{
			faults: parsed.errors.map((e) => ({ path: `${e.file}:${e.line}:${e.column}`, message: e.message })),
		},
	)
}
