import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { coverageRows } from './coverage.ts'
import { type Delay, daysToDetect, type FalseIncidents, falseIncidents, shifts } from './drift.ts'
import { peekingTable } from './peeking.ts'
import { kinds } from './traffic.ts'

// `npm run calibration` prints the tables of docs/calibration.md; `npm run calibration -- 7 drift` one of them by another seed.
const [seed, part] = [Number(process.argv[2] ?? 1), process.argv[3]]

const share = (x: number, digits = 3): string => x.toFixed(digits)

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
	const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
	return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

const incidentsTable = (rows: readonly FalseIncidents[]): string =>
	table(
		['traffic without a change', 'rows a day', 'model-weeks', 'incidents', 'a model-week'],
		rows.map((r) => [r.kind, r.rowsPerDay, r.modelWeeks, r.incidents, share(r.incidents / r.modelWeeks)]),
	)

const nthDelay = (delays: Delay['delays'], at: number): number | string =>
	[...delays].sort((a, b) => (a ?? Infinity) - (b ?? Infinity))[Math.ceil(delays.length * at) - 1] ??
	'over 28'

const delaysTable = (rows: readonly Delay[]): string =>
	table(
		['traffic', 'rows a day', 'shift of one feature', 'quiet days before', 'days, median', 'days, 9 of 10'],
		rows.map((r) => [
			r.labelled ? `${r.kind}, baseline with times` : r.kind,
			r.rowsPerDay,
			`${r.by} sigma`,
			r.afterDays,
			nthDelay(r.delays, 0.5),
			nthDelay(r.delays, 0.9),
		]),
	)

async function driftTables(): Promise<void> {
	const rules = await openRules(builtInRules(), { logger: { info() {}, warn() {}, error() {} } })
	const small = await falseIncidents(rules.current(), seed, { models: 10, weeks: 10, volumes: [50, 500] })
	const large = await falseIncidents(rules.current(), seed, { models: 3, weeks: 10, volumes: [5000] })
	const rows = [...small, ...large].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
	console.log(`\n${incidentsTable(rows)}`)
	console.log(`\n${delaysTable(await daysToDetect(rules.current(), seed, 10, shifts))}`)
	rules.close()
}

function coverageTable(): void {
	const rows = coverageRows(seed, 400).map((r) => [r.metric, r.data, r.rows, r.runs, share(r.covered)])
	console.log(`\n${table(['metric', 'data', 'rows', 'runs', 'covered'], rows)}`)
}

function promotionsTable(): void {
	const rows = peekingTable({ seed, runs: 100 }).map((r) => [
		...[r.loss, r.allocation, share(r.tTest), share(r.equal), share(r.better)],
		Number.isNaN(r.rows) ? '' : r.rows,
	])
	console.log(
		`\n${table(['loss', 'allocation', 'equal, t-test', 'equal, ours', 'better, ours', 'rows, median'], rows)}`,
	)
}

console.log(`seed ${seed}`)
if (part === undefined || part === 'drift') await driftTables()
if (part === undefined || part === 'coverage') coverageTable()
if (part === undefined || part === 'peeking') promotionsTable()
