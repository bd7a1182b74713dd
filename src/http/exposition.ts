type Labels = Record<string, string | number>
export type Sample = { labels?: Labels; value: number }
export type Series = { name: string; type: 'counter' | 'gauge' | 'histogram'; help: string; text: string }

// In label values backslash, quote and line feed are escaped. A NUL would end the text for Prometheus' parser.
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

export const counter = (name: string, help: string, samples: readonly Sample[]): Series => ({
	...{ name, help },
	type: 'counter',
	text: lines(name, samples),
})

/** Observations by upper bound; `counts` has one more than `bounds`, for what is above all of them. */
export type Histogram = { labels: Labels; bounds: readonly number[]; counts: readonly number[]; sum: number }

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

/** The Prometheus text exposition format 0.0.4. What has no sample is left out. */
export const render = (series: readonly Series[]): string =>
	series
		.filter(({ text }) => text !== '')
		.map(({ name, type, help, text }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${text}`)
		.join('')
