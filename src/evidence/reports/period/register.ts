import { formatTime } from '../../../core/time.ts'
import type { Cell, ReportSection, ReportTable } from '../template.ts'
import type { PeriodScope } from './scope.ts'
import { count, factsTable, section, tableOf } from './section.ts'

// What the registry knows of the model, as of the cut.

const orNone = (values: readonly string[] | undefined): string | null =>
	values === undefined || values.length === 0 ? null : values.join(', ')
export const timeText = (at: number | undefined): string | null => (at === undefined ? null : formatTime(at))
const textOf = (object: Record<string, unknown> | null, name: string): string | null => {
	const value = object?.[name]
	return value === undefined || value === null ? null : String(value)
}

const versionTable = ({ versions, volumes }: PeriodScope): ReportTable =>
	tableOf('versions', 'Versions', versions, {
		version: ({ row }) => row.version,
		registered: ({ row }) => formatTime(row.createdAt),
		features: ({ row }) => row.features.length,
		artifactSha256: ({ sha256 }) => sha256,
		format: ({ row }) => textOf(row.artifact, 'format'),
		run: ({ row }) => textOf(row.lineage, 'run'),
		dataset: ({ row }) => textOf(row.lineage, 'dataset'),
		commit: ({ row }) => textOf(row.lineage, 'commit'),
		predictions: ({ row }) =>
			volumes.filter((v) => v.series.version === row.version).reduce((sum, v) => sum + v.predictions, 0),
	})

export function inventorySection(scope: PeriodScope): ReportSection {
	const { model, main, versions } = scope
	return section('inventory', 'Inventory entry', {
		text: [
			`${model.name} is a ${model.task} model. Settings are those of revision ${model.revision}, in effect since ${formatTime(model.since)}. Version ${main.series.version} in ${main.series.environment} is reported unless another is named.`,
			scope.hours,
		],
		missing: [
			...(model.owner ? [] : ['the owner. Set `owner` of the model.']),
			...(model.riskTier ? [] : ['the risk tier. Set `riskTier` of the model.']),
		],
		tables: [
			factsTable('entry', 'Inventory entry', {
				model: model.name,
				owner: model.owner,
				'risk tier': model.riskTier,
				task: model.task,
				purpose: model.purpose,
				tags: orNone(model.tags),
				versions: versions.length,
				environment: main.series.environment,
				version: main.series.version,
				'validated at': timeText(model.validatedAt),
				'next review': timeText(model.nextReview),
			}),
			versionTable(scope),
		],
	})
}

export function materialitySection(scope: PeriodScope): ReportSection {
	const { model, volumes } = scope
	const total = volumes.reduce((sum, v) => sum + v.predictions, 0)
	const serving = volumes.filter((v) => v.series.environment === scope.main.series.environment)
	const purpose = model.purpose ?? null
	const tier = model.riskTier ?? null
	return section('materiality', 'Materiality: exposure and purpose', {
		text: [
			`Exposure: ${count(total, 'prediction')} in the period, of which ${count(
				serving.reduce((sum, v) => sum + v.predictions, 0),
				'prediction',
			)} in ${scope.main.series.environment}.`,
			purpose === null ? '' : `Purpose: ${purpose}`,
			tier === null ? '' : `The owner's risk tier, which weighs the two, is "${tier}".`,
			'Amounts at stake are not part of a prediction, so that exposure is a number of decisions here.',
		].filter((text) => text !== ''),
		missing: [
			...(purpose === null
				? ['the purpose, without which materiality cannot be assessed. Set `purpose` of the model.']
				: []),
			...(tier === null
				? ['the risk tier that follows from exposure and purpose. Set `riskTier` of the model.']
				: []),
		],
		tables: [
			tableOf('exposure', 'Predictions by version', volumes, {
				environment: ({ series }) => series.environment,
				version: ({ series }) => series.version,
				predictions: ({ predictions }) => predictions,
				days: ({ byDay }) => byDay.size,
				perDay: ({ predictions, byDay }) => Math.round(predictions / Math.max(1, byDay.size)),
			}),
			volumeTable(scope),
		],
		charts: [
			{
				id: 'volume',
				title: 'Predictions per day',
				kind: 'trend',
				table: 'volume',
				x: 'day',
				y: ['predictions'],
			},
		],
	})
}

function volumeTable({ volumes }: PeriodScope): ReportTable {
	const days = new Map<number, number>()
	for (const { byDay } of volumes) for (const [day, rows] of byDay) days.set(day, (days.get(day) ?? 0) + rows)
	return {
		id: 'volume',
		title: 'Predictions by day, of all versions',
		columns: ['day', 'predictions'],
		rows: [...days].sort(([a], [b]) => a - b).map(([day, rows]): Cell[] => [formatTime(day), rows]),
	}
}

export function purposeSection({ model, main, versions }: PeriodScope): ReportSection {
	const limits = versions.find((v) => v.row.version === main.series.version)?.row.manifest?.limits
	return section('purpose', 'Purpose and limits of use', {
		text: [
			model.purpose ? `Purpose: ${model.purpose}` : '',
			model.limitations ? `Limitations: ${model.limitations}` : '',
			model.task === 'binary' ? decisionText(model) : '',
		].filter((text) => text !== ''),
		missing: [
			...(model.purpose ? [] : ['the purpose. Set `purpose` of the model.']),
			...(model.limitations ? [] : ['the limits of use. Set `limitations` of the model.']),
		],
		tables: limits
			? [
					tableOf('limits', 'Features that a person can change, and how far', Object.entries(limits), {
						feature: ([feature]) => feature,
						limits: ([, limit]) => limitText(limit),
					}),
				]
			: [],
	})
}

const limitText = (limit: object): string =>
	Object.entries(limit)
		.map(([name, value]) => `${name} ${String(value)}`)
		.join(', ')

const decisionText = ({ positiveLabel, threshold, favourable }: PeriodScope['model']): string =>
	`${
		threshold === null
			? 'Decisions are sent with the predictions.'
			: `A score of ${threshold} or more is the decision "${positiveLabel ?? '1'}".`
	} ${favourable === undefined ? 'Which decision is good for the person is not recorded.' : `The decision "${favourable}" is good for the person.`}`

export function vendorSection(
	{ model, main, versions, deployments }: PeriodScope,
	executors: readonly string[],
): ReportSection {
	const version = versions.find((v) => v.row.version === main.series.version)?.row ?? null
	const lineage = version?.lineage ?? null
	const upstreams = model.upstreams ?? []
	const environments = [...new Set(deployments.map((d) => d.environment))]
	return section('vendors', 'Vendors and third parties', {
		text: [
			upstreams.length > 0 ? `Features come from: ${upstreams.join(', ')}.` : '',
			executors.length > 0 ? `Changes of what serves were carried out by: ${executors.join(', ')}.` : '',
			environments.length > 0 ? `The model was deployed to: ${environments.join(', ')}.` : '',
		].filter((text) => text !== ''),
		missing: [
			...(upstreams.length > 0 ? [] : ['the sources of the features. Set `upstreams` of the model.']),
			...(lineage
				? []
				: [`what version ${main.series.version} was made from. Register versions with \`lineage\`.`]),
		],
		tables: [
			factsTable('origins', `What version ${main.series.version} was made from`, {
				run: textOf(lineage, 'run'),
				dataset: textOf(lineage, 'dataset'),
				commit: textOf(lineage, 'commit'),
				image: textOf(lineage, 'image'),
				'artefact URI': textOf(version?.artifact ?? null, 'uri'),
				endpoint: textOf(version?.manifest ?? null, 'endpoint'),
			}),
		],
	})
}
