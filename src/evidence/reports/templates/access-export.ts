import { and, asc, eq, lt } from 'drizzle-orm'
import type { Context } from '../../../context.ts'
import type { Actor } from '../../../core/actor.ts'
import { canonicalJson } from '../../../core/canonical-json.ts'
import { AppError } from '../../../core/errors.ts'
import { formatTime } from '../../../core/time.ts'
import { inList } from '../../../db/database.ts'
import { ledgerEntries, reports, subjectRequests } from '../../../db/schema.ts'
import { explanationOf, readForExplanation } from '../../../decisions/explanation/explain-prediction.ts'
import type { SubjectRow, SubjectRows } from '../../../log/prediction-log.ts'
import { authorise } from '../../../registry/key/authorise.ts'
import { findModel, reachedModels } from '../../../registry/model/find-model.ts'
import { csvRecord } from '../../../tables/write-csv.ts'
import { lastingPart, quoted, section, valueCell } from '../decision-case.ts'
import type { Cell, ReportCut, ReportData, ReportSection, ReportTable, ReportTemplate } from '../template.ts'

/** Everything that is stored about one person, for that person. */
export const accessExport: ReportTemplate = {
	id: 'access-export',
	version: '1',
	title: 'Data about one person',
	needs: 'subject',
	law: ['gdpr-15'],
	async build(context, actor, { subject, model }, cut) {
		authorise(actor, 'auditor', model)
		if (subject === undefined) throw new AppError('invalid', 'An access export needs the subject.')
		const models = await modelsOf(context, actor, model)
		const found: Found[] = []
		for (const name of models) found.push(await rowsIn(context, name, subject))
		const explained = await explanationsOf(context, actor, found, cut)
		const disclosures = await disclosuresOf(context, subject, found, cut)
		const tables = tablesOf(found, explained.list, disclosures)
		const whole = { subject, models: found, explanations: explained.list, disclosures }
		return {
			model: null,
			rows: { included: found.reduce((sum, each) => sum + rowsOf(each), 0), excluded: [] },
			sections: sectionsOf(subject, found, tables, explained.left),
			data: [
				{ path: 'subject.json', content: `${canonicalJson(whole)}\n` },
				...Object.values(tables).map(csvFile),
			],
		}
	},
}

async function modelsOf(context: Context, actor: Actor, model: string | undefined): Promise<string[]> {
	if (model !== undefined) return [(await findModel(context, model)).name]
	const models = (await reachedModels(context, actor)).sort()
	if (models.length > 0) return models
	throw new AppError('not-found', 'There is no model in your scope, so nothing can be exported.')
}

type Row = { id: string; timestamp: string; [member: string]: unknown }
type Found = { model: string } & Record<keyof SubjectRows, Row[]>

const rowsOf = ({ predictions, features, outcomes, groups }: Found): number =>
	predictions.length + features.length + outcomes.length + groups.length

async function rowsIn(context: Context, model: string, subject: string): Promise<Found> {
	const rows = await context.log.rowsOfSubject(model, subject)
	// Where a row is stored changes when chunks are folded.
	const inOrder = (list: readonly SubjectRow[]): Row[] =>
		list
			.map(({ id, timestamp, content }) => ({ row: { ...content, id, timestamp: formatTime(timestamp) } }))
			.map(({ row }) => ({ row, key: `${row.timestamp} ${row.id} ${canonicalJson(row)}` }))
			.sort((a, b) => (a.key < b.key ? -1 : 1))
			.map(({ row }) => row)
	return {
		model,
		predictions: inOrder(rows.predictions),
		features: inOrder(rows.features),
		outcomes: inOrder(rows.outcomes),
		groups: inOrder(rows.groups),
	}
}

/** More decisions of one person are not explained: each one is calculated again. */
const maxExplained = 200

type Explained = { model: string; predictionId: string; [member: string]: unknown }

/** The newest decisions, explained. A decision that cannot be read is listed with the reason. */
async function explanationsOf(
	context: Context,
	actor: Actor,
	found: readonly Found[],
	cut: ReportCut,
): Promise<{ list: Explained[]; left: number }> {
	const decisions = found
		.flatMap(({ model, predictions }) => predictions.map(({ id, timestamp }) => ({ model, id, timestamp })))
		.sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))
	const list: Explained[] = []
	for (const { model, id: predictionId } of decisions.slice(0, maxExplained)) {
		const query = { model, predictionId, asOf: cut.at }
		try {
			const read = await readForExplanation(context, actor, query)
			list.push(lastingPart(await explanationOf(context, actor, read, query)))
		} catch (error) {
			if (!(error instanceof AppError)) throw error
			list.push({ model, predictionId, unavailable: error.message })
		}
	}
	return { list, left: Math.max(0, decisions.length - maxExplained) }
}

type Disclosure = { at: string; actor: string; action: string; object: string; why: string | null }

/** What the ledger says about the person up to the cut: who read the decisions, made reports, and took requests. */
async function disclosuresOf(
	context: Context,
	subject: string,
	found: readonly Found[],
	cut: ReportCut,
): Promise<Disclosure[]> {
	const { db } = context
	const [made, asked] = await Promise.all([
		db.select({ id: reports.id, models: reports.models }).from(reports).where(eq(reports.subject, subject)),
		db.select({ id: subjectRequests.id }).from(subjectRequests).where(eq(subjectRequests.subject, subject)),
	])
	const models = found.map(({ model }) => model)
	const objects = [
		...found.flatMap(({ model, predictions }) => predictions.map(({ id }) => `prediction:${model}/${id}`)),
		...made.filter((r) => r.models.every((m) => models.includes(m))).map(({ id }) => `report:${id}`),
		...asked.map(({ id }) => `subject-request:${id}`),
	]
	const rows = await context.db
		.select()
		.from(ledgerEntries)
		.where(and(inList(ledgerEntries.object, objects), lt(ledgerEntries.idx, cut.size)))
		.orderBy(asc(ledgerEntries.idx))
	return rows.map(({ at, actor, action, object, entry }) => ({
		at: formatTime(at),
		actor,
		action,
		object,
		why: (JSON.parse(entry) as { why?: string }).why ?? null,
	}))
}

type Tables = Record<
	'decisions' | 'values' | 'outcomes' | 'attributes' | 'explanations' | 'disclosures',
	ReportTable
>

function tablesOf(
	found: readonly Found[],
	explanations: readonly Explained[],
	disclosures: readonly Disclosure[],
): Tables {
	const each = (kind: keyof SubjectRows, cells: (row: Row, model: string) => Cell[][]) =>
		found.flatMap(({ model, [kind]: rows }) =>
			rows.flatMap((row) => cells(row, model).map((rest): Cell[] => [model, row.id, row.timestamp, ...rest])),
		)
	const members = (values: unknown): Cell[][] =>
		Object.entries((values ?? {}) as Record<string, unknown>).map(([name, value]) => [name, valueCell(value)])
	const table = (id: string, columns: string[], rows: Cell[][]): ReportTable => ({ id, columns, rows })
	const of = ['model', 'predictionId', 'timestamp']
	const decided = new Map(
		explanations.map(({ model, predictionId, decision }) => [canonicalJson([model, predictionId]), decision]),
	)
	return {
		decisions: table(
			'decisions',
			[...of, 'version', 'environment', 'score', 'decision'],
			each('predictions', ({ id, version, environment, score, label }, model) => [
				// One that was not sent follows from the score.
				[version, environment, score, label ?? decided.get(canonicalJson([model, id]))].map(valueCell),
			]),
		),
		values: table(
			'values',
			[...of, 'name', 'value'],
			[
				...each('predictions', ({ features }) => members(features)),
				...each('features', ({ features }) => members(features)),
			],
		),
		outcomes: table(
			'outcomes',
			[...of, 'outcome'],
			each('outcomes', ({ actual }) => [[valueCell(actual)]]),
		),
		attributes: table(
			'attributes',
			[...of, 'name', 'value'],
			each('groups', ({ groups }) => members(groups)),
		),
		explanations: table(
			'explanations',
			['model', 'predictionId', 'decision', 'reasons', 'explanation'],
			explanations.map(explanationCells),
		),
		disclosures: table(
			'disclosures',
			['at', 'actor', 'action', 'object', 'why'],
			disclosures.map(({ at, actor, action, object, why }) => [at, actor, action, object, why]),
		),
	}
}

function explanationCells({ model, predictionId, unavailable, ...rest }: Explained): Cell[] {
	if (typeof unavailable === 'string') return [model, predictionId, null, null, unavailable]
	const { decision, reasons, explanation } = rest as Partial<ReturnType<typeof lastingPart>>
	return [
		model,
		predictionId,
		decision ?? null,
		reasons?.map(({ text }) => text).join('; ') ?? null,
		explanation?.status ?? null,
	]
}

const csvFile = ({ id, columns, rows }: ReportTable): ReportData => ({
	path: `${id}.csv`,
	content: [columns, ...rows].map(csvRecord).join(''),
})

/** A longer table is in the files in full. */
const maxShown = 2000

function sectionsOf(subject: string, found: readonly Found[], tables: Tables, left: number): ReportSection[] {
	const part = (id: keyof Tables, title: string, text: string, more: { incomplete?: string } = {}) => {
		const { rows, ...table } = tables[id]
		const isCut = rows.length > maxShown
		return section(id, title, {
			incomplete: more.incomplete !== undefined,
			text: [
				rows.length === 0 ? 'None are stored.' : text,
				...(isCut ? [`The first ${maxShown} of ${rows.length} are shown; data/${id}.csv has all.`] : []),
				...(more.incomplete === undefined ? [] : [more.incomplete]),
			].join('\n\n'),
			tables: [{ ...table, rows: rows.slice(0, maxShown) }],
		})
	}
	return [
		summary(subject, found),
		part('decisions', 'Decisions about you', 'Each decision or prediction of a model.'),
		part('values', 'Information that was used', 'The values that the models read.'),
		part('outcomes', 'Outcomes', 'What was known later, such as whether a loan was paid back.'),
		part('attributes', 'Protected attributes', 'Kept to check that groups are treated alike.'),
		part('explanations', 'Explanations', 'Why each decision was made. data/subject.json has the details.', {
			...(left === 0
				? {}
				: {
						incomplete: `The newest ${maxExplained} decisions are explained, and ${left} are not. Make the report explanation-letter for any other.`,
					}),
		}),
		part(
			'disclosures',
			'Who looked at your data',
			'Each look-up, report and request, as the ledger recorded it.',
		),
	]
}

function summary(subject: string, found: readonly Found[]): ReportSection {
	const total = found.reduce((sum, each) => sum + rowsOf(each), 0)
	const where = found.length === 1 ? 'one model' : `${found.length} models`
	return section('summary', 'Your data', {
		text: [
			total === 0
				? `No data about ${quoted(subject)} are stored in ${where} that this export covers.`
				: `This is everything that is stored about ${quoted(subject)} in ${where}. The files beside this report have the same data for machines: JSON and CSV.`,
			'You can ask to have wrong data corrected and, within the limits of the law, to have data erased or their use restricted. You can complain to a supervisory authority.',
		].join('\n\n'),
		tables: [
			{
				id: 'counts',
				columns: ['model', 'predictions', 'separate features', 'outcomes', 'protected attributes'],
				rows: found.map(({ model, predictions, features, outcomes, groups }) => [
					model,
					predictions.length,
					features.length,
					outcomes.length,
					groups.length,
				]),
			},
		],
	})
}
