import { globSync, readFileSync } from 'node:fs'
import { parseSync } from '@swc/core'

/** Words that names do not use, because the field has another word. `npm run figures` and a test count them. */
export type AvoidedWord = {
	/** Matches one word of a name (`newJoinBrief` has the words new, join and brief), or the whole name. */
	word: RegExp
	use: string
	/** Names that keep the word, and why. */
	allow?: { names: RegExp; because: string }
}

export const avoidedWords: readonly AvoidedWord[] = [
	{ word: /^judg(e|es|ed|ing|ement|ements)$/, use: 'validate, evaluate, deduplicate' },
	{
		word: /^verdicts?$/,
		use: 'status',
		allow: {
			names: /^(verdict|Verdict|verdictOf|verdictLine|noVerdict|verdictList|verdicts)$/,
			because: 'a comparison and the four-fifths rule have a `verdict` in the contract',
		},
	},
	{ word: /^tall(y|ies|ied)$/, use: 'outcome summary' },
	{ word: /^briefs?$/, use: 'join index' },
	{
		word: /^profiles?$/,
		use: 'input summary',
		allow: { names: /^profile$/, because: 'MLflow calls the row counts of a data set its profile' },
	},
	{
		word: /^grids?$/,
		use: 'bins',
		allow: {
			names: /^(grid|gridLines|onGrid)$/,
			because:
				'charts have grid lines, counterfactuals move on a grid of steps, and columns of tables are named so',
		},
	},
	{
		word: /^famil(y|ies)$/,
		use: 'model series',
		allow: {
			names:
				/^(family|families|Family|defaultFontFamily|sansSerifFamily|fontFamily|metricFamily|MetricFamily)$/,
			because: 'metrics and fonts come in families',
		},
	},
	{
		word: /^owners?$/,
		use: 'series',
		allow: {
			names: /^(owner|owners|processOwner)$/,
			because: 'a model has an owner in the contract, and so has the lease of a job',
		},
	},
	{ word: /^(Place|Places|Owner)$/, use: 'series, location' },
	{ word: /^books?$/, use: 'working set' },
	{ word: /^findings?$/, use: 'metric value' },
	{ word: /^standing$/, use: 'percentile rank, or the state itself' },
	{ word: /^circumstances?$/, use: 'context' },
	{ word: /^deeds?$/, use: 'ledger reference' },
	{ word: /^deployer$/, use: 'deployedBy' },
	{ word: /^obstacles?$/, use: 'whyUnavailable, reason' },
	{ word: /^behind$/, use: 'after' },
	{
		word: /^(most|least)$/,
		use: 'max, min, limit',
		allow: { names: /^most$/, because: 'a reason table says in `most` how many reasons are given' },
	},
	{ word: /^(tell|tells|told)$/, use: 'send, sent, report' },
	{ word: /^(said|say|says)$/, use: 'reply, notes, text' },
	{ word: /^(ask|asks)$/, use: 'query, request, call' },
	{
		word: /^lost$/,
		use: 'failed, disconnected',
		allow: { names: /^(lostAt|lostSince)$/, because: 'columns' },
	},
	{ word: /^away$/, use: 'unreachable, absent' },
	{ word: /^(stand|stands)$/, use: 'is, holds' },
	{ word: /^theirs$/, use: 'other' },
	{
		word: /^ours$/,
		use: 'own',
		allow: { names: /^ours$/, because: 'the contract compares `sent` attributions with `ours`' },
	},
	{ word: /^undone$/, use: 'retracted' },
	{
		word: /^restated$/,
		use: 'revised',
		allow: { names: /^restated$/, because: 'the contract calls an outcome that was corrected `restated`' },
	},
	{ word: /^patience$/, use: 'timeout' },
]

type Node = { type?: string; value?: unknown }

/** Every identifier of a module, with repeats: names of variables, types, members, parameters. No texts, no comments. */
function identifiersOf(path: string): string[] {
	const names: string[] = []
	const visit = (node: unknown): void => {
		if (Array.isArray(node)) for (const child of node) visit(child)
		else if (typeof node === 'object' && node !== null) {
			const { type, value } = node as Node
			if (type === 'Identifier') names.push(value as string)
			for (const child of Object.values(node)) visit(child)
		}
	}
	visit(parseSync(readFileSync(path, 'utf8'), { syntax: 'typescript' }).body)
	return names
}

/** The words of a name in lower case, whether it is in camel case, kebab case or capitals. */
const wordsOf = (name: string): string[] =>
	name
		.replace(/([a-z0-9])([A-Z])/g, '$1 $2')
		.replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
		.toLowerCase()
		.split(/[^a-z]+/)

export type Use = { path: string; name: string; word: string; use: string }

const usesIn = (path: string, name: string): Use[] =>
	[...new Set([name, ...wordsOf(name)])].flatMap((word) =>
		avoidedWords
			.filter((avoided) => avoided.word.test(word) && !avoided.allow?.names.test(name))
			.map(({ use }) => ({ path, name, word, use })),
	)

/** Every avoided word in the identifiers and file names below a folder. */
export function avoidedWordsIn(folder: string): Use[] {
	return globSync(`${folder}/**/*.ts`).flatMap((path) => [
		...path.split('/').flatMap((part) => usesIn(path, part)),
		...identifiersOf(path).flatMap((name) => usesIn(path, name)),
	])
}
