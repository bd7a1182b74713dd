import { type Counts, readCounts } from '../alerting/health.ts'
import type { Exported } from '../monitoring/windows/exported-metrics.ts'
import type { Service } from './endpoint.ts'
import { counter, gauge, histogram, render, type Series } from './exposition.ts'
import { durationBounds, type Traffic } from './traffic.ts'

/** What an operating system says of a process; absent where there is none that stays. */
export type ProcessUsage = { residentBytes: number; heapBytes: number; cpuSeconds: number; startedAt: number }

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`).replace(/\W/g, '_')

function jobSeries({ jobs }: Counts, now: number): Series[] {
	const age = (ms: number) => Math.max(0, now - ms) / 1000
	const ended = jobs.filter((j) => j.status === 'ok' && j.lastEnd !== null)
	return [
		gauge(
			'plumbline_job_runs',
			'Recorded runs by job and state.',
			jobs.map((j) => ({ labels: { job: j.job, state: j.status }, value: j.runs })),
		),
		gauge(
			'plumbline_job_last_success_age_seconds',
			'Time since the job last ended well.',
			ended.map((j) => ({ labels: { job: j.job }, value: age(j.lastEnd as number) })),
		),
		gauge(
			'plumbline_job_last_start_age_seconds',
			'Time since the job last started, by how that run went.',
			jobs.map((j) => ({ labels: { job: j.job, state: j.status }, value: age(j.lastStart) })),
		),
	]
}

type IsVisible = (model: string) => boolean

function trafficSeries(traffic: Traffic, isVisible: IsVisible): Series[] {
	const { requests, durations, rows } = traffic.list()
	const labels = ({ operation, status }: { operation: string; status: number }) => ({ operation, status })
	return [
		counter(
			'plumbline_http_requests_total',
			'Requests by operation and status.',
			requests.map((r) => ({ labels: labels(r), value: r.requests })),
		),
		counter(
			'plumbline_http_request_seconds_total',
			'Time spent on them.',
			requests.map((r) => ({ labels: labels(r), value: r.seconds })),
		),
		histogram(
			'plumbline_http_request_duration_seconds',
			'How long requests took, by operation and class of status.',
			durations.map(({ operation, status, counts, sum }) => ({
				labels: { operation, status },
				bounds: durationBounds,
				...{ counts, sum },
			})),
		),
		counter(
			'plumbline_accepted_rows_total',
			'Rows that were stored, by kind.',
			rows
				.filter((r) => isVisible(r.model))
				.map(({ model, kind, rows: value }) => ({ labels: { model, kind }, value })),
		),
	]
}

const modelSeries = ({ incidents, rejectedRows }: Counts, isVisible: IsVisible): Series[] => [
	gauge(
		'plumbline_incidents',
		'Incidents that are not resolved.',
		incidents
			.filter((i) => isVisible(i.model))
			.map(({ model, of: severity, count: value }) => ({ labels: { model, severity }, value })),
	),
	counter(
		'plumbline_rejected_rows_total',
		'Rows that were rejected, of all time.',
		rejectedRows
			.filter((r) => isVisible(r.model))
			.map(({ model, of: code, count: value }) => ({ labels: { model, code }, value })),
	),
]

const metricSeries = ({ values, windows, leftOut }: Exported): Series[] => [
	gauge(
		'plumbline_metric',
		'The value of the newest day, of the metrics that PLUMBLINE_PROMETHEUS_METRICS names.',
		values.map(({ group, value, model, environment, metric, feature }) => ({
			labels: { model, environment, metric, feature, ...(group === '' ? {} : { group }) },
			value,
		})),
	),
	gauge(
		'plumbline_metric_window_end_timestamp_seconds',
		'When the day ended, or will end, that the value is of.',
		windows.map(({ end, ...labels }) => ({ labels, value: end / 1000 })),
	),
	gauge('plumbline_metric_left_out', 'Series of plumbline_metric beyond PLUMBLINE_PROMETHEUS_SERIES.', [
		{ value: leftOut },
	]),
]

const processSeries = ({ residentBytes, heapBytes, cpuSeconds, startedAt }: ProcessUsage): Series[] => [
	gauge('process_resident_memory_bytes', 'Resident memory size.', [{ value: residentBytes }]),
	gauge('nodejs_heap_size_used_bytes', 'Heap of the main thread that is in use.', [{ value: heapBytes }]),
	counter('process_cpu_seconds_total', 'User and system CPU time spent.', [{ value: cpuSeconds }]),
	gauge('process_start_time_seconds', 'Start time of the process since the epoch.', [{ value: startedAt }]),
]

/** The gauges and counters of the service itself, and of the models that may be seen. */
async function renderMetrics(
	{ context, traffic, options, budget }: Service,
	isVisible: IsVisible,
): Promise<string> {
	const counts = await readCounts(context)
	const exported = await options.exported?.read(context, isVisible)
	return render([
		...Object.entries(counts.objects).map(([name, value]) =>
			gauge(`plumbline_${name}`, `Number of ${name.replace('_', ' ')}.`, [{ value }]),
		),
		...Object.entries(context.log.stats()).map(([name, value]) =>
			gauge(`plumbline_log_${snakeCase(name)}`, 'From the prediction log.', [{ value }]),
		),
		gauge('plumbline_model_cache_bytes', 'Memory that opened models take.', [
			{ value: context.models.bytes() },
		]),
		gauge('plumbline_body_bytes_in_flight', 'Memory that bodies of requests take now.', [
			{ value: budget?.used ?? 0 },
		]),
		...jobSeries(counts, context.now()),
		...trafficSeries(traffic, isVisible),
		...modelSeries(counts, isVisible),
		...(exported ? metricSeries(exported) : []),
		...(options.process ? processSeries(options.process()) : []),
	])
}

/** What Prometheus scrapes. */
export const scrape = async (service: Omit<Service, 'budget'>, isVisible: IsVisible) => ({
	status: 200,
	body: await renderMetrics(service, isVisible),
	headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
})

/** `/metrics` alone, without a key and for all models: for a port that only Prometheus reaches. */
export function metricsOnly(service: Service): (request: Request) => Promise<Response> {
	return async (request) => {
		const { pathname } = new URL(request.url)
		if (pathname !== '/metrics' || request.method !== 'GET') return new Response(null, { status: 404 })
		try {
			const { body, headers } = await scrape(service, () => true)
			return new Response(body, { headers })
		} catch (error) {
			service.context.logger.error('metrics could not be read', { error })
			return new Response(null, { status: 503 })
		}
	}
}
