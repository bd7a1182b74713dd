import { AppError } from '../../../core/errors.ts'
import { formatTime } from '../../../core/time.ts'
import { scoreApproves } from '../../../decisions/explanation/give-reasons.ts'
import {
	contentOf,
	type DecisionCase,
	dayText,
	decisionFact,
	fieldTable,
	howToSet,
	quoted,
	readCase,
	section,
} from '../decision-case.ts'
import { lawAt } from '../law.ts'
import type { ReportSection, ReportTemplate } from '../template.ts'

/** The notice that Regulation B and section 615(a) of the FCRA ask for after a decision against an applicant. */
export const adverseAction: ReportTemplate = {
	id: 'adverse-action',
	version: '1',
	title: 'Notice of action taken',
	needs: 'decision',
	law: ['ecoa-adverse-action', 'fcra-adverse-action'],
	async build(context, actor, subject, cut) {
		const found = await readCase(context, actor, subject, cut)
		const { predictionId, model, adverse, decision } = found.explanation
		if (adverse === false)
			throw new AppError(
				'invalid',
				`The decision ${quoted(decision ?? '')} on ${quoted(predictionId)} of ${quoted(model)} was in favour of the person, so there is no adverse action to give notice of. The template explanation-letter explains any decision.`,
				{ faults: [{ path: 'predictionId', message: 'the decision was not adverse' }] },
			)
		// The words that the law had when the decision was made.
		const wordsOf = (law: string) => lawAt(context, law, found.read.stored.timestamp)?.notice ?? ''
		return contentOf(found, [
			actionTaken(found),
			creditor(found),
			reasons(found),
			creditScore(found),
			consumerReports(found, wordsOf('fcra-adverse-action')),
			ecoaNotice(found, wordsOf('ecoa-adverse-action')),
			fileRecord(found),
		])
	},
}

function actionTaken({ read, explanation, notices }: DecisionCase): ReportSection {
	const title = 'Action taken'
	const { timestamp } = read.stored
	const { adverse, decision, predictionId, model } = explanation
	const table = fieldTable('action', [
		['Application', predictionId],
		['Decided on', `${dayText(timestamp)} (UTC)`],
		decisionFact(read, decision),
	])
	if (adverse === null)
		return section('action-taken', title, {
			incomplete: true,
			text: `It is unknown whether the decision went against the applicant${decision === null ? ', because none was recorded' : ''}. Set \`favourable\` of the model ${quoted(model)}, and \`threshold\` if no decision is sent with the score, then make the report again.`,
			tables: [table],
		})
	return section('action-taken', title, {
		text: notices.actionTaken ?? 'Your application was not approved.',
		tables: [table],
	})
}

function creditor({ explanation: { model }, notices }: DecisionCase): ReportSection {
	const title = 'Creditor'
	if (!notices.creditor)
		return section('creditor', title, {
			incomplete: true,
			text: `The name and address of the creditor are missing. ${howToSet(model, 'creditor')}`,
		})
	const { name, address } = notices.creditor
	return section('creditor', title, {
		text: 'The decision was taken by:',
		tables: [
			fieldTable('creditor', [
				['Name', name],
				['Address', address],
			]),
		],
	})
}

/** Why the explanation's reasons are not those of the notice; undefined when they are. */
function whyNoReasons({ read, explanation }: DecisionCase): string | undefined {
	const { reasons: given, reasonsStatus, replay } = explanation
	if (replay.status === 'mismatched')
		return `The registered model file does not give the logged score, so nobody can say with certainty why this decision was made. Find out which model decided, and register its file. ${reasonsStatus.reason ?? ''}`
	if (reasonsStatus.status !== 'ok' || given.length === 0)
		return reasonsStatus.reason ?? `The explanation gives no reasons: ${reasonsStatus.status}.`
	// Comment 9(b)(2)-7: when a later stage declined, the reasons are those of that stage.
	if (!isKnockOut(explanation) && scoreApproves(read))
		return `The score was on the approving side, so a later stage declined the application, and the reasons must be those of that stage. Add what that stage looks at to the reason table as a knock-out rule. ${reasonsStatus.reason ?? ''}`
	return undefined
}

const isKnockOut = ({ reasons: given }: DecisionCase['explanation']): boolean =>
	given.length > 0 && given.every(({ contribution }) => contribution === null)

function reasons(found: DecisionCase): ReportSection {
	const { explanation } = found
	const title = 'Principal reasons'
	const why = whyNoReasons(found)
	if (why !== undefined)
		return section('reasons', title, {
			incomplete: true,
			text: `No reason is printed, and this notice must not be sent as it is. ${why.trim()}`,
		})
	return section('reasons', title, {
		text: isKnockOut(explanation)
			? 'One condition decided, whatever else was in your application. The reason for the decision is:'
			: 'The principal reasons for the decision, the most important first:',
		tables: [reasonTable('reasons', explanation)],
	})
}

const reasonTable = (id: string, { reasons: given }: DecisionCase['explanation'], title?: string) => ({
	id,
	...(title === undefined ? {} : { title }),
	columns: ['code', 'text'],
	rows: given.map(({ code, text }) => [code, text]),
})

/** FCRA 615(a)(2) with 609(f)(1): the score, its range, the key factors, its date, and who provided it. */
function creditScore(found: DecisionCase): ReportSection {
	const { read, explanation, notices } = found
	const title = 'The score that was used'
	const { score, model } = explanation
	if (isKnockOut(explanation))
		return section('score', title, {
			text: 'One condition decided, whatever the score is, so no score was used in taking this action.',
		})
	if (score === null)
		return section('score', title, {
			incomplete: true,
			text: 'No score is logged for this decision. Send `score` with the predictions of this model.',
		})
	const range = rangeOf(found)
	const provider = notices.score?.provider
	const why = whyNoReasons(found)
	const missing = [
		range ? '' : `The range of possible scores is missing. ${howToSet(model, 'score.min', 'score.max')}`,
		provider ? '' : `Who provided the score is missing. ${howToSet(model, 'score.provider')}`,
		why === undefined ? '' : 'The key factors are missing, for the same cause as the principal reasons.',
	].filter((text) => text !== '')
	const rows: [string, string | number][] = [
		['Score', score],
		...(range ? ([['Possible scores', `from ${range.min} to ${range.max}`]] as [string, string][]) : []),
		['Better scores are', read.rule.adverse === 'high' ? 'lower' : 'higher'],
		['Created on', `${dayText(read.stored.timestamp)} (UTC)`],
		...(provider ? ([['Provided by', provider]] as [string, string][]) : []),
	]
	return section('score', title, {
		incomplete: missing.length > 0,
		text: [
			'A score was used to take this action. It is a number that sums up the information about your application; it can change when that information changes.',
			...missing,
		].join('\n\n'),
		tables: [
			fieldTable('score', rows, 'Your score'),
			...(why === undefined
				? [reasonTable('key-factors', explanation, 'Key factors that adversely affected the score')]
				: []),
		],
	})
}

function rangeOf({ explanation, notices, read }: DecisionCase): { min: number; max: number } | undefined {
	const { min, max } = notices.score ?? {}
	if (min !== undefined && max !== undefined) return { min, max }
	const isProbability =
		read.manifest.logged !== 'margin' &&
		(explanation.space === 'log-odds' || explanation.space === 'probability')
	return isProbability ? { min: 0, max: 1 } : undefined
}

function consumerReports({ explanation: { model }, notices }: DecisionCase, words: string): ReportSection {
	const title = 'Information from consumer reporting agencies'
	const agencies = notices.consumerReports
	if (!agencies)
		return section('consumer-reports', title, {
			incomplete: true,
			text: `It is not recorded whether a consumer report was used. ${howToSet(model, 'consumerReports')} An empty list says that none was.`,
		})
	if (agencies.length === 0)
		return section('consumer-reports', title, {
			text: 'No report of a consumer reporting agency was used in this decision.',
		})
	return section('consumer-reports', title, {
		text: [
			'The decision is based in whole or in part on information in a report from the consumer reporting agencies below. They did not take the decision and are unable to give you the specific reasons for it.',
			words,
		].join('\n\n'),
		tables: [
			{
				id: 'consumer-reporting-agencies',
				columns: ['name', 'address', 'telephone'],
				rows: agencies.map(({ name, address, phone }) => [name, address, phone]),
			},
		],
	})
}

function ecoaNotice({ explanation: { model }, notices }: DecisionCase, words: string): ReportSection {
	const title = 'Notice under the Equal Credit Opportunity Act'
	if (!notices.agency)
		return section('ecoa-notice', title, {
			incomplete: true,
			text: `${words}\n\nThe federal agency that administers compliance with this law concerning this creditor is missing. ${howToSet(model, 'agency')}`,
		})
	const { name, address } = notices.agency
	return section('ecoa-notice', title, {
		text: `${words} The federal agency that administers compliance with this law concerning this creditor is:`,
		tables: [
			fieldTable('agency', [
				['Name', name],
				['Address', address],
			]),
		],
	})
}

const methodText = {
	'approved-near-cut-off':
		'The reasons are those in which the applicant differs most, to the disadvantage, from approved applicants at or slightly above the cut-off (comment 9(b)(2)-5(i)).',
	'all-applicants':
		'The reasons are those in which the applicant differs most, to the disadvantage, from all applicants (comment 9(b)(2)-5(ii)).',
} as const

/** What the creditor keeps and an examiner asks for; the applicant does not need it. */
function fileRecord({ read, explanation }: DecisionCase): ReportSection {
	const { reasonTable: table, comparedWith, replay, background, reasonsStatus } = explanation
	const how = isKnockOut(explanation)
		? 'A knock-out rule of the reason table held, and it is the reason (comment 9(b)(2)-8).'
		: comparedWith.reasons
			? methodText[comparedWith.reasons]
			: ''
	return section('file-record', 'Record for the file, not part of the notice', {
		text: [
			how,
			reasonsStatus.reason ?? '',
			'The notice is due 30 days after the creditor received the complete application. The log has the time of the decision, not that of the application. Days are calendar days in UTC.',
		]
			.filter((text) => text !== '')
			.join('\n\n'),
		tables: [
			fieldTable('file-record', [
				['Decided at', formatTime(read.stored.timestamp)],
				['Environment', explanation.environment],
				['Threshold in force', explanation.threshold],
				['Replay of the decision', replay.status],
				['Score of the replay', replay.replayed],
				['Method of the explanation', explanation.method],
				['Status of the reasons', reasonsStatus.status],
				['Reason table, revision', table?.revision ?? null],
				['Reason table, digest', table?.digest ?? null],
				['Rows compared with', background?.rows ?? null],
				['Rows compared with, digest', background?.digest ?? null],
			]),
		],
	})
}
