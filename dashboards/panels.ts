import {
	type Dashboard,
	FieldColorModeId,
	type Panel,
	ThresholdsMode,
	type VariableModel,
	VariableRefresh,
	VariableSort,
} from '@grafana/schema'

/** Whichever Prometheus the person chooses at the top of the board. */
const datasource = { type: 'prometheus', uid: '$datasource' }

type Query = { expr: string; legend?: string; format?: 'time_series' | 'table' | 'heatmap' }
type Spec = {
	title: string
	description?: string
	queries: readonly Query[]
	unit?: string
	/** Of 24 columns. */
	width: number
	height?: number
	/** Colours from these values on. */
	steps?: readonly { value: number | null; color: string }[]
	min?: number
	max?: number
	decimals?: number
}

const target = ({ expr, legend, format = 'time_series' }: Query, i: number, isInstant: boolean) => ({
	refId: String.fromCharCode('A'.charCodeAt(0) + i),
	datasource,
	expr,
	format,
	...(legend === undefined ? {} : { legendFormat: legend }),
	...(isInstant ? { instant: true, range: false } : { range: true }),
})

function panel(type: string, spec: Spec, options: Record<string, unknown>, isInstant: boolean): Panel {
	const { title, description, queries, unit, steps, min, max, decimals } = spec
	return {
		type,
		title,
		...(description === undefined ? {} : { description }),
		datasource,
		targets: queries.map((q, i) => target(q, i, isInstant)),
		fieldConfig: {
			defaults: {
				...(unit === undefined ? {} : { unit }),
				...(min === undefined ? {} : { min }),
				...(max === undefined ? {} : { max }),
				...(decimals === undefined ? {} : { decimals }),
				...(steps === undefined
					? {}
					: {
							color: { mode: FieldColorModeId.Thresholds },
							thresholds: { mode: ThresholdsMode.Absolute, steps: [...steps] },
						}),
			},
			overrides: [],
		},
		options,
		gridPos: { x: 0, y: 0, w: spec.width, h: spec.height ?? 8 },
	}
}

const reduced = { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } }

/** Lines over time. */
export const lines = (spec: Spec): Panel =>
	panel(
		'timeseries',
		spec,
		{
			legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
			tooltip: { mode: 'multi', sort: 'desc' },
		},
		false,
	)

/** Numbers of now. */
export const numbers = (spec: Spec): Panel =>
	panel('stat', spec, { ...reduced, colorMode: 'background', graphMode: 'none', textMode: 'auto' }, true)

/** Values of now as bars, the longest first. */
export const bars = (spec: Spec): Panel =>
	panel(
		'bargauge',
		spec,
		{ ...reduced, displayMode: 'basic', orientation: 'horizontal', showUnfilled: true },
		true,
	)

/** Values of now in rows. */
export const table = (spec: Spec): Panel => ({
	...panel(
		'table',
		{ ...spec, queries: spec.queries.map((q) => ({ ...q, format: 'table' as const })) },
		{ showHeader: true },
		true,
	),
	transformations: [
		{
			id: 'organize',
			options: { excludeByName: { Time: true, __name__: true, instance: true, job: true }, renameByName: {} },
		},
	],
})

/** Buckets of a histogram over time. */
export const heatmap = (spec: Spec): Panel =>
	panel(
		'heatmap',
		{ ...spec, queries: spec.queries.map((q) => ({ ...q, legend: '{{le}}', format: 'heatmap' as const })) },
		{
			calculate: false,
			yAxis: { unit: 's' },
			color: { mode: 'scheme', scheme: 'Oranges', steps: 64 },
			cellGap: 1,
		},
		false,
	)

/** A variable whose values Prometheus knows. */
export const variable = (name: string, query: string, more: Partial<VariableModel> = {}): VariableModel => ({
	name,
	type: 'query',
	datasource,
	query: { query, refId: name },
	refresh: VariableRefresh.onTimeRangeChanged,
	sort: VariableSort.alphabeticalAsc,
	...more,
})

const datasourceVariable: VariableModel = {
	name: 'datasource',
	label: 'Prometheus',
	type: 'datasource',
	query: 'prometheus',
}

const columns = 24

/** Puts panels from left to right, and into the next row where one does not fit. */
function placed(panels: readonly Panel[]): Panel[] {
	let [x, y, tallest] = [0, 0, 0]
	return panels.map((p, i) => {
		const { w, h } = p.gridPos as { w: number; h: number }
		if (x + w > columns) [x, y, tallest] = [0, y + tallest, 0]
		const gridPos = { x, y, w, h }
		x += w
		tallest = Math.max(tallest, h)
		return { ...p, id: i + 1, gridPos }
	})
}

export const board = (
	uid: string,
	title: string,
	description: string,
	variables: readonly VariableModel[],
	panels: readonly Panel[],
): Dashboard => ({
	uid,
	title,
	description,
	tags: ['plumbline'],
	timezone: 'utc',
	schemaVersion: 39,
	editable: true,
	refresh: '1m',
	time: { from: 'now-24h', to: 'now' },
	links: [
		{
			...{ title: 'Plumbline', type: 'dashboards', tags: ['plumbline'], icon: 'external link', tooltip: '' },
			...{ asDropdown: true, includeVars: false, keepTime: true, targetBlank: false },
		},
	],
	templating: { list: [datasourceVariable, ...variables] },
	panels: placed(panels),
})
