import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { printableCell } from '../../core/printable.ts'
import {
	explanationOf,
	hideValues,
	readForExplanation,
} from '../../decisions/explanation/explain-prediction.ts'
import type { ExplanationContent } from '../../decisions/explanation/explanation.schema.ts'
import { type ReadDecision, shapeOf } from '../../decisions/explanation/read-decision.ts'
import { recordMismatch } from '../../decisions/replay/store-day.ts'
import { seesFeatures } from '../../registry/key/authorise.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import type { NoticeSettings } from '../notices/notices.schema.ts'
import { noticesAt } from '../notices/notices.ts'
import type { Cell, ReportContent, ReportCut, ReportSection, ReportSubject, ReportTable } from './template.ts'

/** What the templates about one decision are built from, all as of the cut. */
export type DecisionCase = {
	read: ReadDecision
	/** As the actor may see it. */
	explanation: ExplanationContent
	notices: NoticeSettings
}

/** Reads and explains the decision. The report's own entry records the look-up. Throws as the explanation does. */
export async function readCase(
	context: Context,
	actor: Actor,
	{ model, predictionId }: ReportSubject,
	cut: ReportCut,
): Promise<DecisionCase> {
	if (model === undefined || predictionId === undefined)
		throw new AppError('invalid', 'A report about a decision needs model and predictionId.')
	const query = { model, predictionId, asOf: cut.at }
	const read = await readForExplanation(context, actor, query)
	const [whole, { settings }] = await Promise.all([
		explanationOf(context, actor, read, query),
		noticesAt(context, model, cut.at),
	])
	if (read.replayed.status === 'mismatched') await recordMismatch(context, actor, read)
	return { read, explanation: seesFeatures(actor) ? whole : hideValues(whole), notices: settings }
}

/** An explanation without what changes after the cut: incidents, later deployments, and what a tracking server answers. */
export function lastingPart({ incidents: _, lineage, ...rest }: ExplanationContent) {
	const { version, artifact, run, dataset, commit, image } = lineage
	return { ...rest, lineage: { version, artifact, run, dataset, commit, image } }
}

/** The content of a report about one decision, with the explanation as the data that it was made from. */
export const contentOf = ({ explanation }: DecisionCase, sections: ReportSection[]): ReportContent => ({
	model: {
		model: explanation.model,
		version: explanation.version,
		artifactSha256: explanation.lineage.artifact?.sha256 ?? null,
	},
	rows: { included: 1, excluded: [] },
	sections,
	data: [{ path: 'explanation.json', content: `${canonicalJson(lastingPart(explanation))}\n` }],
})

/** A table of two columns. */
export const fieldTable = (
	id: string,
	rows: readonly (readonly [string, Cell])[],
	title?: string,
): ReportTable => ({
	id,
	...(title === undefined ? {} : { title }),
	columns: ['field', 'value'],
	rows: rows.map(([field, value]) => [field, value]),
})

/** A section that has what it must, or that says what is missing. */
export const section = (
	id: string,
	title: string,
	content: { text: string; tables?: ReportTable[]; incomplete?: boolean },
): ReportSection => ({
	id,
	title,
	status: content.incomplete ? 'incomplete' : 'complete',
	text: content.text,
	tables: content.tables ?? [],
})

/** What to do about a missing setting of notices. */
export const howToSet = (model: string, ...names: string[]): string =>
	`Set ${names.map((name) => `\`${name}\``).join(' and ')} with PUT /v1/models/${encodeURIComponent(model)}/notices, then make the report again.`

/** Text of others in a sentence: one line without control characters, in quotation marks. */
export const quoted = (text: string): string => JSON.stringify(printableCell(text))

const months = 'January February March April May June July August September October November December'.split(
	' ',
)

/** A day in words, in UTC. */
export const dayText = (ms: number): string => {
	const date = new Date(ms)
	return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`
}

/** A logged value as a cell. */
export const valueCell = (value: unknown): Cell => {
	if (typeof value === 'number' || typeof value === 'boolean') return value
	if (typeof value === 'string') return printableCell(value)
	return value === undefined || value === null ? null : canonicalJson(value)
}

/** The declared features that the model reads; all of them when its file cannot be opened. */
export function usedFeatures({ read }: DecisionCase): { used: FeatureSpec[]; unused: FeatureSpec[] } {
	const own = shapeOf(read.opened)?.features
	const isUsed = ({ name }: FeatureSpec) => own === undefined || own.includes(name)
	const { features } = read.row
	return { used: features.filter(isUsed), unused: features.filter((spec) => !isUsed(spec)) }
}

/** The decision, and whether it was sent or follows from the score. */
export const decisionFact = ({ stored }: ReadDecision, decision: string | null): [string, Cell] => [
	stored.label === null || stored.label === undefined ? 'Decision by the score' : 'Decision as recorded',
	decision,
]

/** What was decided, about what and when. */
export function decisionSection({ read, explanation }: DecisionCase): ReportSection {
	const { decision, predictionId, adverse, model } = explanation
	const text =
		adverse === null
			? `It is not recorded what was decided. Set \`favourable\` of the model ${quoted(model)}, and \`threshold\` if no decision is sent with the score.`
			: adverse
				? 'The decision went against you.'
				: 'The decision was in your favour.'
	return section('decision', 'What was decided', {
		incomplete: adverse === null,
		text,
		tables: [
			fieldTable('decision', [
				['Your case', predictionId],
				['Decided on', `${dayText(read.stored.timestamp)} (UTC)`],
				decisionFact(read, decision),
			]),
		],
	})
}

const roleText = {
	decides: 'A computer program took the decision. No person took part in it.',
	proposes: 'A computer program proposed the decision, and a person took it.',
	informs: 'A person took the decision. The score of a computer program was one source among others.',
} as const

/** The part of the model in the decision. */
export const roleSection = ({ explanation: { model }, notices: { role } }: DecisionCase): ReportSection =>
	section('role', 'What the computer program did', {
		incomplete: role === undefined,
		text:
			role === undefined
				? `It is not recorded whether the program decided alone. ${howToSet(model, 'role')}`
				: roleText[role],
	})

/** How to reach a human, be heard, and contest. */
export const reviewSection = ({
	explanation: { model },
	notices: { contact },
}: DecisionCase): ReportSection =>
	section('review', 'How to have the decision reviewed', {
		incomplete: contact === undefined,
		text:
			contact === undefined
				? `How a person reaches somebody who can review the decision is missing. ${howToSet(model, 'contact')}`
				: `You can ask that a person looks at the decision again. You can tell them your view, send further information, and contest the decision.\n\n${contact}`,
	})

/** How a person has wrong data corrected. */
export function correctionsSection({ explanation: { model }, notices }: DecisionCase): ReportSection {
	return section('corrections', 'How to correct wrong data', {
		incomplete: !notices.corrections,
		text:
			notices.corrections === undefined
				? `How a person has wrong data corrected is missing. ${howToSet(model, 'corrections')}`
				: `You have the right to have wrong data about you corrected.\n\n${notices.corrections}`,
	})
}
