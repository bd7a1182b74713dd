import { scoreDigits } from '../../../core/digits.ts'
import { printableCell } from '../../../core/printable.ts'
import type { Contribution } from '../../../decisions/explanation/explanation.schema.ts'
import {
	contentOf,
	correctionsSection,
	type DecisionCase,
	decisionSection,
	howToSet,
	readCase,
	reviewSection,
	roleSection,
	section,
	usedFeatures,
	valueCell,
} from '../decision-case.ts'
import type { Cell, ReportSection, ReportTemplate } from '../template.ts'

/** A letter to the person about whom a model decided, in plain words. */
export const explanationLetter: ReportTemplate = {
	id: 'explanation-letter',
	version: '1',
	title: 'Explanation of a decision',
	needs: 'decision',
	law: ['gdpr-15-1-h', 'gdpr-22', 'ccd2-18', 'ai-act-86'],
	async build(context, actor, subject, cut) {
		const found = await readCase(context, actor, subject, cut)
		return contentOf(found, [
			decisionSection(found),
			roleSection(found),
			procedure(found),
			factors(found),
			whatWouldChange(found),
			reviewSection(found),
			...(found.notices.corrections === undefined ? [] : [correctionsSection(found)]),
		])
	},
}

const sideText = ({ read, explanation }: DecisionCase): string[] => {
	const { score, threshold, adverse, decision } = explanation
	if (score === null) return []
	if (threshold === null) return [`Your score is ${scoreDigits(score, null)}.`]
	const isAbove = score >= threshold
	const badSide = read.rule.adverse === 'high' ? 'at or above' : 'below'
	const ownSide = isAbove ? 'at or above' : 'below'
	return [
		`Your score is ${scoreDigits(score, threshold)}. A score ${badSide} ${threshold} speaks against an approval. Yours is ${ownSide} it.`,
		...(adverse !== null && adverse !== (ownSide === badSide)
			? [
					`The recorded decision ${printableCell(JSON.stringify(decision))} does not follow from the score: something other than the score decided.`,
				]
			: []),
	]
}

/** GDPR 15(1)(h) as read in C-203/22: the procedure and the principles that were actually applied. */
function procedure(found: DecisionCase): ReportSection {
	const { explanation, notices, read } = found
	const { used, unused } = usedFeatures(found)
	const own = notices.procedure
		? []
		: [
				`How this decision is made is not described in plain words. ${howToSet(explanation.model, 'procedure')}`,
			]
	const isStored = read.stored.features !== null
	return section('procedure', 'How the decision was made', {
		incomplete: own.length > 0 || !isStored,
		text: [
			notices.procedure ?? '',
			`The program compared ${used.length === 1 ? 'one piece' : `${used.length} pieces`} of information about you with what it learnt from earlier cases, and gave you a score.`,
			...(unused.length > 0
				? [`It did not use: ${unused.map(({ name }) => printableCell(name)).join(', ')}.`]
				: []),
			...sideText(found),
			...own,
			...(isStored ? [] : ['The information that the program used is not stored with this decision.']),
		]
			.filter((text) => text !== '')
			.join('\n\n'),
		tables: [
			{
				id: 'information-used',
				title: 'Information that the program used',
				columns: ['information'],
				rows: used.map(({ name }) => [name]),
			},
		],
	})
}

const shown = 10

/** The main factors: the approved words where there are some, then what weighed most, for and against. */
function factors(found: DecisionCase): ReportSection {
	const { explanation } = found
	const { contributions, replay, reasons, reasonsStatus } = explanation
	const title = 'What counted most'
	if (replay.status === 'mismatched')
		return section('factors', title, {
			incomplete: true,
			text: 'The registered model file does not give the score of this decision, so nobody can say with certainty what counted. Find out which model decided, register its file, then make the report again.',
		})
	if (contributions.length === 0)
		return section('factors', title, {
			incomplete: true,
			text: `What counted is not known: ${explanation.explanation.reason ?? 'the decision cannot be explained'}. Upload the model file of version ${printableCell(JSON.stringify(explanation.version))}, then make the report again.`,
		})
	const isAdverse = explanation.adverse === true
	const hasReasons = reasonsStatus.status === 'ok' && reasons.length > 0
	return section('factors', title, {
		incomplete: isAdverse && !hasReasons,
		text: [
			...(isAdverse && !hasReasons
				? [`No reasons in approved words can be given. ${reasonsStatus.reason ?? ''}`.trim()]
				: []),
			'The weight of a piece of information is its share of everything that counted, for or against you.',
			...sourceText(found),
		].join('\n\n'),
		tables: [
			...(hasReasons
				? [
						{
							id: 'reasons',
							title: 'The main reasons for the decision, the most important first',
							columns: ['code', 'text'],
							rows: reasons.map(({ code, text }) => [code, text]),
						},
					]
				: []),
			factorTable(found),
		],
	})
}

const sourceText = ({ explanation: { explanation, replay, reasonTable, reasons } }: DecisionCase) => [
	...(explanation.status === 'exact' && replay.status === 'matched'
		? ['The decision was calculated again with the same program and gave the same score.']
		: []),
	...(explanation.status === 'estimate'
		? ['These weights are estimates: the program was run many times on changed information.']
		: []),
	...(explanation.status === 'sent'
		? [
				'These weights were sent by the system that took the decision. They were not checked against the program.',
			]
		: []),
	...(reasons.length > 0 && reasonTable?.locale && !/^en\b/i.test(reasonTable.locale)
		? [`The approved words are in the language "${reasonTable.locale}".`]
		: []),
]

function factorTable({ explanation, read }: DecisionCase) {
	const { contributions } = explanation
	const sum = contributions.reduce((total, c) => total + Math.abs(c.contribution), 0)
	const counted = contributions.filter((c) => c.contribution !== 0).slice(0, shown)
	const hasValues = counted.some((c) => c.value !== undefined)
	const effect = ({ contribution }: Contribution) => {
		if (explanation.adverse === null) return contribution > 0 ? 'raised the score' : 'lowered the score'
		return contribution > 0 === (read.rule.adverse === 'high') ? 'against you' : 'for you'
	}
	return {
		id: 'factors',
		title: 'The information that moved the score most',
		columns: [
			'information',
			...(hasValues ? ['your value'] : []),
			'effect',
			'weight',
			...(hasValues ? ['compared with approved applicants'] : []),
		],
		rows: counted.map((c): Cell[] => [
			c.feature,
			...(hasValues ? [valueCell(c.value)] : []),
			effect(c),
			weightText(Math.abs(c.contribution) / sum),
			...(hasValues ? [comparison(c)] : []),
		]),
	}
}

const weightText = (share: number): string => (share < 0.005 ? 'under 1%' : `${Math.round(100 * share)}%`)

function comparison({ percentile, share }: Contribution): string {
	if (typeof percentile === 'number') return `higher than ${Math.round(percentile)}% of them`
	if (typeof share === 'number') return `the same as ${Math.round(share)}% of them`
	return ''
}

/** What different data would have changed: C-203/22, paragraph 62. Only information that a person can change. */
function whatWouldChange({ explanation }: DecisionCase): ReportSection {
	const { counterfactuals, counterfactualsStatus: status, adverse } = explanation
	const title = 'What would have changed the decision'
	const id = 'what-would-change'
	if (adverse === false) return section(id, title, { text: 'The decision was in your favour.' })
	if (explanation.reasons.some(({ contribution }) => contribution === null))
		return section(id, title, {
			text: 'One condition decided, whatever the score is. Without it, the score would have decided.',
		})
	if (status.status === 'none' && status.reason?.startsWith('None found'))
		return section(id, title, {
			text: 'Only information that a person can change was tried. No change of it within its limits would have changed the decision.',
		})
	if (counterfactuals.length === 0)
		return section(id, title, {
			incomplete: true,
			text: `What would have changed the decision is not known. ${status.reason ?? ''}`.trim(),
		})
	return section(id, title, {
		text: 'Each alternative below is a change with which the same program, everything else being equal, decides differently. Only information that a person can change was tried. An alternative says what would have been decided then; it promises nothing for a later application.',
		tables: [
			{
				id: 'alternatives',
				columns: ['alternative', 'information', 'your value', 'other value', 'score then', 'decision then'],
				rows: counterfactuals.flatMap(({ changes, from, score, decision }, i) =>
					Object.entries(changes).map(([feature, value]): Cell[] => [
						i + 1,
						feature,
						valueCell(from[feature]),
						valueCell(value),
						scoreDigits(score, explanation.threshold),
						adverse === null ? decision : 'in your favour',
					]),
				),
			},
		],
	})
}
