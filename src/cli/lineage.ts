import { callApi } from './api.ts'
import { type Command, type Parsed, requirePositional, textOption } from './command.ts'

type Answer = { from: string; chain: string[]; next: string | null }

const path = (from: string, args: Parsed): string => {
	const query = new URLSearchParams({ from })
	for (const name of ['direction', 'depth', 'cursor', 'limit']) {
		const value = textOption(args, name)
		if (value !== undefined) query.set(name, value)
	}
	return `/v1/lineage?${query}`
}

export const lineage: Command = {
	help: `Usage: plumbline lineage FROM [--direction back|forward|both] [--depth N] [--json]

Shows where a decision comes from, or what data and code led to. Calls the service at PLUMBLINE_URL; needs PLUMBLINE_KEY.

FROM is one of
  prediction:MODEL/ID      back to version, artefact, run, data set, commit, and what was in force
  version:MODEL@VERSION    both ways
  artifact:SHA256          forward to every version, where it served and how many decisions it made
  run:RUN   dataset:NAME   commit:SHA (or its beginning)   image:IMAGE

  --direction D   back, forward or both
  --depth N       at most N steps away
  --limit N       versions per page, up to 1000 (default 100)
  --cursor C      the next page, as printed by the previous page
  --json          the graph, for machines

Example: plumbline lineage prediction:credit-risk/8841

Exit code: 0 found, 2 not found or not reachable.
`,
	options: {
		direction: { type: 'string' },
		depth: { type: 'string' },
		limit: { type: 'string' },
		cursor: { type: 'string' },
	},
	async run(terminal, args) {
		const from = requirePositional(args, 0, 'FROM, such as prediction:MODEL/ID,')
		const { body } = await callApi(terminal, 'GET', path(from, args))
		const { chain, next } = body as Answer
		if (args.values.json) terminal.out(`${JSON.stringify(body)}\n`)
		else terminal.out(chain.map((line) => `${line}\n`).join(''))
		if (!args.values.json && next !== null) terminal.err(`For more, add --cursor ${next}\n`)
		return 0
	},
}
