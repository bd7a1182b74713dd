import { type Counts, readCounts } from '../alerting/health.ts'
import type { Exported } from '../monitoring/windows/exported-points.ts'
import type { ProcessUsage, Service } from './endpoint.ts'
import { durationBounds, type Traffic } from './traffic.ts'

type Labels = Record<string, string | number>
type Sample = { labels?: Labels; value: number }
type Series = { name: string; type: 'counter' | 'gauge' | 'histogram'; help: string; text: string }

// In label values backslash, quote and line feed are escaped. Prometheus' parser would end the text at a NUL.
const escaped = (value: string | number) =>
	String(value).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replaceAll('\0', '\ufffd')

const numberText = (value: number) =>
	Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'

function line(name: string, { labels = {}, value }: Sample): string {
	const list = Object.entries(labels).map(([key, v]) => `${key}="${escaped(v)}"`)
	return `${name}${list.length > 0 ? `{${list.join(',')}}` : ''} ${numberText(value)}\n`
}

const lines = (name: string, samples: readonly Sample[]) => samples.map((s) => line(name, s)).join('')

export const gauge = (name: string, help: string, samples: readonly Sample[]): Series => ({
	...{ name, help },
	type: 'gauge',
	text: lines(name, samples),
})

const counter = (name: string, help: string, samples: readonly Sample[]): Series => ({
	...{ name, help },
	type: 'counter',
	text: lines(name, samples),
})

/** Observations by upper bound. `counts` has one more entry than `bounds`, for those above all bounds. */
type Histogram = { labels: Labels; bounds: readonly number[]; counts: readonly number[]; sum: number }

export const histogram = (name: string, help: string, list: readonly Histogram[]): Series => ({
	...{ name, help },
	type: 'histogram',
	text: list.map((h) => histogramText(name, h)).join(''),
})

function histogramText(name: string, { labels, bounds, counts, sum }: Histogram): string {
	let below = 0
	const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
		below += counts[i] as number
		return line(`${name}_bucket`, { labels: { ...labels, le: numberText(bound) }, value: below })
	})
	return `${buckets.join('')}${line(`${name}_sum`, { labels, value: sum })}${line(`${name}_count`, { labels, value: below })}`
}

/** The Prometheus text exposition format 0.0.4. Series without samples are left out. */
export const render = (series: readonly Series[]): string =>
	series
		.filter(({ text }) => text !== '')
		.map(({ name, type, help, text }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${text}`)
		.join('')

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
			'Time since the last successful run of the job ended.',
			ended.map((j) => ({ labels: { job: j.job }, value: age(j.lastEnd as number) })),
		),
		gauge(
			'plumbline_job_last_start_age_seconds',
			'Time since the job last started, by the state of that run.',
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
			'Time spent on requests.',
			requests.map((r) => ({ labels: labels(r), value: r.seconds })),
		),
		histogram(
			'plumbline_http_request_duration_seconds',
			'Duration of requests, by operation and status class.',
			durations.map(({ operation, status, counts, sum }) => ({
				labels: { operation, status },
				bounds: durationBounds,
				...{ counts, sum },
			})),
		),
		counter(
			'plumbline_accepted_rows_total',
			'Stored rows, by kind.',
			rows
				.filter((r) => isVisible(r.model))
				.map(({ model, kind, rows: value }) => ({ labels: { model, kind }, value })),
		),
	]
}

const modelSeries = ({ incidents, rejectedRows }: Counts, isVisible: IsVisible): Series[] => [
	gauge(
		'plumbline_incidents',
		'Unresolved incidents.',
		incidents
			.filter((i) => isVisible(i.model))
			.map(({ model, of: severity, count: value }) => ({ labels: { model, severity }, value })),
	),
	counter(
		'plumbline_rejected_rows_total',
		'Rejected rows since the database was created.',
		rejectedRows
			.filter((r) => isVisible(r.model))
			.map(({ model, of: code, count: value }) => ({ labels: { model, code }, value })),
	),
]

const metricSeries = ({ values, windows, leftOut }: Exported): Series[] => [
	gauge(
		'plumbline_metric',
		'Values of the latest day, for the metrics that PLUMBLINE_PROMETHEUS_METRICS names.',
		values.map(({ group, value, model, environment, metric, feature }) => ({
			labels: { model, environment, metric, feature, ...(group === '' ? {} : { group }) },
			value,
		})),
	),
	gauge(
		'plumbline_metric_window_end_timestamp_seconds',
		'End of the day that the value belongs to.',
		windows.map(({ end, ...labels }) => ({ labels, value: end / 1000 })),
	),
	gauge(
		'plumbline_metric_left_out',
		'Series of plumbline_metric that exceed PLUMBLINE_PROMETHEUS_SERIES and are left out.',
		[{ value: leftOut }],
	),
]

const processSeries = ({ residentBytes, heapBytes, cpuSeconds, startedAt }: ProcessUsage): Series[] => [
	gauge('process_resident_memory_bytes', 'Resident memory size.', [{ value: residentBytes }]),
	gauge('nodejs_heap_size_used_bytes', 'Used heap of the main thread.', [{ value: heapBytes }]),
	counter('process_cpu_seconds_total', 'User and system CPU time spent.', [{ value: cpuSeconds }]),
	gauge('process_start_time_seconds', 'Start time of the process since the epoch.', [{ value: startedAt }]),
]

/** The metrics of the service itself and of the visible models. */
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
			gauge(`plumbline_log_${snakeCase(name)}`, 'A statistic of the prediction log.', [{ value }]),
		),
		gauge('plumbline_model_cache_bytes', 'Memory used by opened models.', [
			{ value: context.models.bytes() },
		]),
		gauge('plumbline_body_bytes_in_flight', 'Memory currently used by request bodies.', [
			{ value: budget?.used ?? 0 },
		]),
		...jobSeries(counts, context.now()),
		...trafficSeries(traffic, isVisible),
		...modelSeries(counts, isVisible),
		...(exported ? metricSeries(exported) : []),
		...(options.process ? processSeries(options.process()) : []),
	])
}

/** The response to a Prometheus scrape. */
export const scrape = async (service: Omit<Service, 'budget'>, isVisible: IsVisible) => ({
	status: 200,
	body: await renderMetrics(service, isVisible),
	headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
})

/** Serves only `/metrics`, without a key and for all models: for a port that only Prometheus can reach. */
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
