import { sleep } from '../../core/retry.ts'
import { formatTime, parseDuration, parseTime } from '../../core/time.ts'
import type { EntryRecord } from '../../evidence/audit/audit.schema.ts'
import type { LedgerEntry } from '../../ledger/entry.ts'
import { callApi } from '../api.ts'
import { type ExitCode, type Parsed, type Terminal, textOption, UsageError } from '../command.ts'

export const entriesHelp = `       plumbline audit tail [-f] [--limit N] [FILTER…] [--json]
       plumbline audit search [--limit N] [FILTER…] [--json]

Show the newest entries of the ledger of the service at PLUMBLINE_URL (with PLUMBLINE_KEY, role auditor), the last one last;
search shows the newest first.

  -f, --follow        go on with the entries that are added, until it is ended
  --person NAME       what a person did through any key or Slack user (ana@bank.example), or an actor (job:checkpoint)
  --model MODEL       entries about a model
  --action ACTION     entries of a kind; * stands for any characters (*-key)
  --object OBJECT     entries about one object (request:req_…)
  --since TIME        a time, a date, or a duration before now (30d)
  --limit N           at most so many, up to 1000 (default 20; search 50)
`

const followMs = 1000

/** The parameters of /v1/audit/entries that options select. */
export function filterOf(terminal: Terminal, args: Parsed): URLSearchParams {
	const query = new URLSearchParams()
	for (const name of ['person', 'model', 'action', 'object']) {
		const value = textOption(args, name)
		if (value !== undefined) query.set(name, value)
	}
	const since = textOption(args, 'since')
	if (since !== undefined) query.set('from', formatTime(sinceTime(since, terminal.now())))
	return query
}

function sinceTime(text: string, now: number): number {
	const ms = parseDuration(text)
	const at =
		ms === undefined ? parseTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text) : now - ms
	if (at === undefined || at < 0)
		throw new UsageError(`--since ${text} is neither a time, a date nor a duration such as 30d.`)
	return at
}

export type EntryPage = { items: EntryRecord[]; next: string | null }

export const readEntries = async (terminal: Terminal, query: URLSearchParams): Promise<EntryPage> =>
	(await callApi(terminal, 'GET', `/v1/audit/entries?${query}`)).body as EntryPage

async function newest(terminal: Terminal, args: Parsed, limit: string): Promise<EntryRecord[]> {
	const query = filterOf(terminal, args)
	query.set('order', 'newest')
	query.set('limit', textOption(args, 'limit') ?? limit)
	return (await readEntries(terminal, query)).items
}

/** `plumbline audit search` */
export async function search(terminal: Terminal, args: Parsed): Promise<ExitCode> {
	const items = await newest(terminal, args, '50')
	if (args.values.json) terminal.out(`${JSON.stringify({ items })}\n`)
	else if (items.length === 0) terminal.err('No entry matches.\n')
	else for (const item of items) terminal.out(lineOf(item))
	return items.length > 0 ? 0 : 1
}

/** `plumbline audit tail` */
export async function tail(terminal: Terminal, args: Parsed): Promise<ExitCode> {
	const show = (items: readonly EntryRecord[]) => {
		for (const item of items) terminal.out(args.values.json ? `${JSON.stringify(item)}\n` : lineOf(item))
	}
	const first = (await newest(terminal, args, '20')).reverse()
	show(first)
	if (args.values.follow !== true) return 0
	let isStopped = false
	const stopped = terminal.stopped.then(() => {
		isStopped = true
	})
	let after = first.at(-1)?.index ?? -1
	while (!isStopped) {
		const query = filterOf(terminal, args)
		query.set('after', String(after))
		query.set('limit', '1000')
		const { items } = await readEntries(terminal, query)
		show(items)
		after = items.at(-1)?.index ?? after
		if (items.length < 1000) await Promise.race([sleep(followMs), stopped])
	}
	return 0
}

function lineOf({ index, at, actor, action, object, entry }: EntryRecord): string {
	const { why } = JSON.parse(entry) as LedgerEntry
	return `${String(index).padStart(7)}  ${at}  ${actor}  ${action}  ${object}${why === undefined ? '' : `  (${why})`}\n`
}
