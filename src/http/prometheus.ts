import type { Context } from '../context.ts'
import type { ByteBudget } from '../core/byte-budget.ts'
import { type Counts, readCounts } from '../services/health/read-counts.ts'
import type { Traffic } from './traffic.ts'

type Labels = Record<string, string | number>
type Sample = { labels?: Labels; value: number }
type Family = { name: string; type: 'counter' | 'gauge'; help: string; samples: Sample[] }

// Prometheus text exposition format 0.0.4: in label values, backslash, quote and line feed are escaped.
const escaped = (value: string | number) =>
	String(value).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')

function line(name: string, { labels = {}, value }: Sample): string {
	const list = Object.entries(labels).map(([key, v]) => `${key}="${escaped(v)}"`)
	return `${name}${list.length > 0 ? `{${list.join(',')}}` : ''} ${value}\n`
}

const render = ({ name, type, help, samples }: Family): string =>
	samples.length === 0
		? ''
		: `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map((s) => line(name, s)).join('')}`

const gauge = (name: string, help: string, samples: Sample[]): Family => ({
	name: `plumbline_${name}`,
	type: 'gauge',
	help,
	samples,
})
const counter = (name: string, help: string, samples: Sample[]): Family => ({
	name: `plumbline_${name}`,
	type: 'counter',
	help,
	samples,
})
const snakeCase = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`).replace(/\W/g, '_')

function jobFamilies({ jobs }: Counts, now: number): Family[] {
	const age = (ms: number) => Math.max(0, now - ms) / 1000
	const ended = jobs.filter((j) => j.status === 'ok' && j.lastEnd !== null)
	return [
		gauge(
			'job_runs',
			'Recorded runs by job and state.',
			jobs.map((j) => ({ labels: { job: j.job, state: j.status }, value: j.runs })),
		),
		gauge(
			'job_last_success_age_seconds',
			'Time since the job last ended well.',
			ended.map((j) => ({ labels: { job: j.job }, value: age(j.lastEnd as number) })),
		),
		gauge(
			'job_last_start_age_seconds',
			'Time since the job last started, by how that run went.',
			jobs.map((j) => ({ labels: { job: j.job, state: j.status }, value: age(j.lastStart) })),
		),
	]
}

function trafficFamilies(traffic: Traffic): Family[] {
	const rows = traffic.list()
	const labels = ({ operation, status }: { operation: string; status: number }) => ({ operation, status })
	return [
		counter(
			'http_requests_total',
			'Requests by operation and status.',
			rows.map((r) => ({ labels: labels(r), value: r.requests })),
		),
		counter(
			'http_request_seconds_total',
			'Time spent on them.',
			rows.map((r) => ({ labels: labels(r), value: r.seconds })),
		),
	]
}

/** The gauges and counters of the service itself, in the Prometheus text format. */
export async function renderMetrics(context: Context, traffic: Traffic, budget: ByteBudget): Promise<string> {
	const counts = await readCounts(context)
	const families = [
		...Object.entries(counts.objects).map(([name, value]) =>
			gauge(name, `Number of ${name.replace('_', ' ')}.`, [{ value }]),
		),
		...Object.entries(context.log.stats()).map(([name, value]) =>
			gauge(`log_${snakeCase(name)}`, 'From the prediction log.', [{ value }]),
		),
		gauge('model_cache_bytes', 'Memory that opened models take.', [{ value: context.models.bytes() }]),
		gauge('body_bytes_in_flight', 'Memory that bodies of requests take now.', [{ value: budget.used }]),
		...jobFamilies(counts, context.now()),
		...trafficFamilies(traffic),
	]
	return families.map(render).join('')
}
