import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { formatTime } from '../../core/time.ts'
import { baselines } from '../../db/schema.ts'
import { findArtifact } from '../../registry/artifact/version-artifact.ts'
import { currentDeployments } from '../../registry/deployment/get-deployment.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { favourableOf, labelOf } from '../../registry/model/favourable.ts'
import { findModel, type ModelRow } from '../../registry/model/find-model.ts'
import { findVersion, type VersionRow } from '../../registry/version/find-version.ts'
import { factsTable, section, tableOf } from '../reports/period/section.ts'
import { type FrontMatter, timeText } from '../reports/render/front-matter.ts'
import { renderPage } from '../reports/render/html.ts'
import { renderMarkdown } from '../reports/render/markdown.ts'
import type { Cell, ReportSection } from '../reports/template.ts'
import { type CardWindow, cardWindows } from './card-windows.ts'

// The headings are those of "Model Cards for Model Reporting" (Mitchell et al., FAT* 2019). A card is made of what is stored,
// without a clock: it changes when that changes.

type Known = {
	model: ModelRow
	version: VersionRow
	sha256: string | null
	format: string | null
	environments: string[]
	baseline: { digest: string; rows: number; hasOutcomes: boolean } | undefined
	windows: CardWindow[]
}

async function readKnown(context: Context, name: string, versionName: string): Promise<Known> {
	const version = await findVersion(context, name, versionName)
	const model = await findModel(context, name)
	const artifact = await findArtifact(context, version)
	const deployments = await currentDeployments(context, name)
	const [baseline] = await context.db
		.select({ digest: baselines.digest, rows: baselines.rows, outcomes: baselines.outcomeSummary })
		.from(baselines)
		.where(and(eq(baselines.model, name), eq(baselines.version, versionName), isNull(baselines.replacedAt)))
	return {
		...{ model, version },
		sha256: artifact?.sha256 ?? null,
		format: artifact?.format ?? null,
		environments: deployments.filter((d) => d.champion === versionName).map((d) => d.environment),
		baseline: baseline && { ...baseline, hasOutcomes: baseline.outcomes !== null },
		windows: await cardWindows(context, name, versionName),
	}
}

const words = (value: unknown): string | null =>
	value === undefined || value === null ? null : typeof value === 'string' ? value : JSON.stringify(value)

const objectRows = (value: Record<string, unknown> | null): [string, Cell][] =>
	Object.entries(value ?? {}).map(([key, v]) => [key, typeof v === 'number' ? v : words(v)])

function detailsSection({ model, version, sha256, format, environments }: Known): ReportSection {
	return section('details', 'Model details', {
		text: [],
		missing: [
			...(model.owner ? [] : ['who is responsible for the model. Set `owner` of the model.']),
			...(sha256 ? [] : ['which file the version is. Register or upload its artefact.']),
		],
		tables: [
			factsTable('facts', 'Version', {
				responsible: model.owner,
				task: model.task,
				'risk tier': model.riskTier,
				'registered at': formatTime(version.createdAt),
				'serves in': environments.join(', ') || 'no environment',
				'SHA-256 of the artefact': sha256,
				format,
				'training run': words(version.lineage?.run),
				commit: words(version.lineage?.commit),
				image: words(version.lineage?.image),
				licence: 'not recorded',
				citation: 'not recorded',
			}),
			tableOf('features', 'Features', version.features, {
				feature: ({ name }) => name,
				type: ({ type }) => type,
				min: ({ min }) => min,
				max: ({ max }) => max,
				values: ({ values }) => values?.join(', '),
				nullable: ({ nullable }) => nullable ?? true,
			}),
		],
	})
}

const useSection = ({ model }: Known): ReportSection =>
	section('intended-use', 'Intended use', {
		text: model.purpose === null ? [] : [model.purpose],
		missing: [
			...(model.purpose ? [] : ['what the decisions are used for, and by whom. Set `purpose` of the model.']),
			...(model.limitations ? [] : ['uses that are out of scope. Set `limitations` of the model.']),
		],
	})

const factorsSection = ({ model }: Known): ReportSection =>
	section('factors', 'Factors', {
		text: [
			model.segments.length > 0
				? `Metrics are also computed for each value of: ${model.segments.join(', ')}.`
				: 'No segments are declared.',
			model.upstreams.length > 0 ? `Features come from: ${model.upstreams.join(', ')}.` : '',
		].filter((text) => text !== ''),
		missing:
			model.sensitive.length > 0
				? []
				: [
						'the groups to compare. Set `sensitive` of the model to the attributes that fairness is measured by.',
					],
		tables: [
			tableOf('sensitive', 'Sensitive attributes', model.sensitive, {
				attribute: (name) => name,
				bands: (name) => model.bands[name]?.join(', '),
			}),
		],
	})

function metricsSection({ model, version }: Known): ReportSection {
	const side = favourableOf(model, version.manifest)
	return section('metrics', 'Metrics', {
		text: [
			'Metrics are computed for each window of predictions once enough of their outcomes are known. Intervals are 95% intervals.',
			...(model.task === 'binary'
				? [
						model.threshold === null
							? 'Decisions are sent with the predictions.'
							: `A score of ${model.threshold} or more is the decision "${model.positiveLabel ?? '1'}".`,
						side === undefined
							? ''
							: `Groups are compared by the rate of the favourable decision, "${labelOf(model, side)}".`,
					]
				: []),
		].filter((text) => text !== ''),
		missing:
			model.task === 'binary' && side === undefined
				? ['which decision is good for the person. Set `favourable` of the model.']
				: [],
	})
}

const evaluationSection = ({ baseline, windows }: Known): ReportSection =>
	section('evaluation-data', 'Evaluation data', {
		text: baseline
			? [
					`Its baseline has ${baseline.rows} rows${baseline.hasOutcomes ? ' with outcomes' : ', without outcomes'}; its digest is ${baseline.digest}.`,
				]
			: [],
		missing: [
			...(baseline ? [] : ['the rows that it was validated on. Store them as its baseline.']),
			...(windows.length > 0 ? [] : ['outcomes in production: no window with predictions was computed.']),
		],
		tables: [
			tableOf('windows', 'Windows of production that are evaluated', windows, {
				environment: (w) => w.environment,
				from: (w) => w.from,
				to: (w) => w.to,
				predictions: (w) => w.rows,
				outcomes: (w) => (w.isFinal ? 'final' : 'not final'),
			}),
		],
	})

const trainingSection = ({ version }: Known): ReportSection =>
	section('training-data', 'Training data', {
		text: version.lineage?.dataset ? [`It was trained on ${words(version.lineage.dataset)}.`] : [],
		missing: version.lineage?.dataset
			? []
			: ['the data set that it was trained on. Register versions with `lineage.dataset`.'],
		tables: [
			tableOf(
				'training-metrics',
				'Metrics measured in training, as registered',
				objectRows(version.metrics),
				{
					metric: ([name]) => name,
					value: ([, value]) => value,
				},
			),
		],
	})

type Point = CardWindow['points'][number] & { environment: string; from: string; to: string }

const pointTable = (id: string, title: string, points: readonly Point[]) =>
	tableOf(id, title, points, {
		metric: (p) => p.metric,
		...(points.some((p) => p.group !== null) ? { group: (p: Point) => p.group } : {}),
		environment: (p) => p.environment,
		from: (p) => p.from,
		to: (p) => p.to,
		value: (p) => p.value,
		low: (p) => p.low,
		high: (p) => p.high,
		n: (p) => p.n,
		note: (p) => (p.status === 'ok' ? null : p.reason),
	})

function analysesSection({ windows }: Known): ReportSection {
	const points = windows.flatMap(({ points, environment, from, to }) =>
		points.map((p) => ({ ...p, environment, from, to })),
	)
	const overall = points.filter((p) => p.group === null)
	const groups = points.filter((p) => p.group !== null)
	const hasValue = (list: readonly Point[]) => list.some((p) => p.status === 'ok')
	return section('analyses', 'Quantitative analyses', {
		text: ['Groups of fewer than 30 rows are left out.'],
		missing: [
			...(hasValue(overall)
				? []
				: ['performance: no window with enough outcomes was computed. Send outcomes.']),
			...(hasValue(groups) ? [] : ['a comparison of groups: none was computed for this version.']),
		],
		tables: [
			pointTable('performance', 'All rows', overall),
			pointTable('groups', 'By group and intersection', groups),
		],
	})
}

const ethicsSection = ({ model, version }: Known): ReportSection => {
	const adverse = version.manifest?.adverse
	return section('ethical-considerations', 'Ethical considerations', {
		text: [
			model.riskTier === null ? '' : `Its risk tier is "${model.riskTier}".`,
			model.sensitive.length > 0
				? `Fairness is measured by ${model.sensitive.join(', ')}; the analyses above show it by the favourable decision.`
				: '',
			typeof adverse === 'string' ? `Decisions are adverse at the ${adverse} end of the score.` : '',
		].filter((text) => text !== ''),
		missing:
			model.riskTier === null ? ['the risk that its decisions carry. Set `riskTier` of the model.'] : [],
	})
}

const caveatsSection = ({ model, format }: Known): ReportSection =>
	section('caveats', 'Caveats and recommendations', {
		text: [
			model.limitations ?? '',
			format === null
				? 'Its predictions cannot be explained from a model file: none is known.'
				: `Predictions are explained from its model file (${format}); each explanation names its method.`,
			model.validatedAt === null
				? ''
				: `It was last validated at ${timeText(formatTime(model.validatedAt))}.`,
			model.nextReview === null ? '' : `Its next review is due at ${timeText(formatTime(model.nextReview))}.`,
		].filter((text) => text !== ''),
		missing: [
			...(model.limitations ? [] : ['what is known to go wrong. Set `limitations` of the model.']),
			...(model.validatedAt === null ? ['when it was validated. Set `validatedAt` of the model.'] : []),
		],
	})

/** The card of a version, as Markdown or as a page. Throws `not-found`. */
export async function modelCard(
	context: Context,
	actor: Actor,
	{ model, version }: { model: string; version: string },
	format: 'md' | 'html',
): Promise<string> {
	authorise(actor, 'viewer', model)
	const known = await readKnown(context, model, version)
	const front: FrontMatter = {
		title: `Model card: ${model}, version ${version}`,
		draft: undefined,
		facts: [],
		tables: [],
	}
	const sections = [
		...[detailsSection(known), useSection(known), factorsSection(known), metricsSection(known)],
		...[evaluationSection(known), trainingSection(known), analysesSection(known), ethicsSection(known)],
		caveatsSection(known),
	]
	return format === 'md' ? renderMarkdown(front, sections) : renderPage(front, sections, '')
}
