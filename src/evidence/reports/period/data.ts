import { formatTime } from '../../../core/time.ts'
import type { MetricPoint } from '../../../metrics/metric-point.schema.ts'
import type { ReportSection } from '../template.ts'
import type { PastEntry } from './entries.ts'
import { timeText } from './register.ts'
import type { PeriodScope } from './scope.ts'
import { count, factsTable, section, tableOf } from './section.ts'

/** The baseline that was in force at the cut: rows may have been replaced since, the entry stays. */
export function baselineAt({ entries, model }: PeriodScope, version: string): PastEntry | undefined {
	return (entries.get(`version:${model.name}@${version}`) ?? []).findLast(
		({ action }) => action === 'put-baseline',
	)
}

export function dataSection(scope: PeriodScope, rejections: readonly MetricPoint[]): ReportSection {
	const { model, main, versions } = scope
	const version = versions.find((v) => v.row.version === main.series.version)?.row
	const baseline = baselineAt(scope, main.series.version)
	const lineage = version?.lineage ?? {}
	return section('data', 'Data', {
		text: [
			`Version ${main.series.version} takes ${count(version?.features.length ?? 0, 'feature')}. Each row is validated against this schema when it arrives.`,
			baseline
				? `Windows are compared with a baseline of ${count(Number(baseline.details?.rows ?? 0), 'row')}, stored at ${baseline.at}; its digest is ${baseline.after ?? 'not recorded'}.`
				: '',
			model.sensitive.length > 0 ? `Sensitive attributes: ${model.sensitive.join(', ')}.` : '',
		].filter((text) => text !== ''),
		missing: [
			...(baseline
				? []
				: [
						`a baseline of version ${main.series.version}, so that drift is not computed. Store the rows that it was validated on as its baseline.`,
					]),
			...('dataset' in lineage
				? []
				: [
						`the data set that version ${main.series.version} was trained on. Register versions with \`lineage.dataset\`.`,
					]),
		],
		tables: [
			tableOf('features', 'Features', version?.features ?? [], {
				feature: ({ name }) => name,
				type: ({ type }) => type,
				min: ({ min }) => min,
				max: ({ max }) => max,
				values: ({ values }) => values?.join(', '),
				nullable: ({ nullable }) => nullable ?? true,
				sensitive: ({ name }) => model.sensitive.includes(name),
			}),
			tableOf('rejected', 'Rows that were rejected on arrival', sumByCode(rejections), {
				code: ([code]) => code,
				rows: ([, rows]) => rows,
			}),
		],
	})
}

export function sumByCode(rejections: readonly MetricPoint[]): [string, number][] {
	const rows = new Map<string, number>()
	for (const { subject, value } of rejections) {
		const code = subject.code ?? ''
		rows.set(code, (rows.get(code) ?? 0) + (value ?? 0))
	}
	return [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
}

export function validationSection(scope: PeriodScope): ReportSection {
	const { model, main, versions, to } = scope
	const version = versions.find((v) => v.row.version === main.series.version)
	const report = version?.row.manifest?.validationReport
	const validatedAt = timeText(model.validatedAt)
	const registered = version && formatTime(version.row.createdAt)
	const isOlder = validatedAt !== null && registered !== undefined && validatedAt < registered
	const nextReview = timeText(model.nextReview)
	const isOverdue = nextReview !== null && nextReview < formatTime(to)
	return section('validation', 'Validation', {
		text: [
			validatedAt === null ? '' : `The model was last validated at ${validatedAt}.`,
			isOlder ? `Version ${main.series.version} was registered after that, at ${registered}.` : '',
			nextReview === null
				? ''
				: `The next review is due at ${nextReview}${isOverdue ? ', which is past' : ''}.`,
			version?.sha256 ? `The model file has the SHA-256 digest ${version.sha256}.` : '',
		].filter((text) => text !== ''),
		missing: [
			...(validatedAt === null ? ['when the model was validated. Set `validatedAt` of the model.'] : []),
			...(isOlder
				? [
						`a validation of version ${main.series.version}. Validate it, then set \`validatedAt\` of the model.`,
					]
				: []),
			...(typeof report === 'string'
				? []
				: ['the validation report. Name it as `validationReport` in the manifest of the version.']),
			...(version?.sha256
				? []
				: [
						`the digest of the model file of version ${main.series.version}. Register its \`artifact\` or upload the file.`,
					]),
			...(nextReview === null ? ['when the next review is due. Set `nextReview` of the model.'] : []),
		],
		tables: [
			factsTable('validation', 'Validation', {
				'validated at': validatedAt,
				'next review': nextReview,
				'validation report': typeof report === 'string' ? report : null,
				version: main.series.version,
				'registered at': registered,
				artifactSha256: version?.sha256 ?? null,
			}),
			tableOf('training', 'Metrics measured in training', Object.entries(version?.row.metrics ?? {}), {
				metric: ([metric]) => metric,
				value: ([, value]) =>
					typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value),
			}),
		],
	})
}
