import {
	contentOf,
	correctionsSection,
	type DecisionCase,
	decisionSection,
	fieldTable,
	howToSet,
	readCase,
	reviewSection,
	roleSection,
	section,
	usedFeatures,
} from '../decision-case.ts'
import type { ReportSection, ReportTemplate } from '../template.ts'

/** The notice to a person about whom an automated system took a consequential decision (Colorado). */
export const automatedDecision: ReportTemplate = {
	id: 'automated-decision',
	version: '1',
	title: 'Notice of an automated decision',
	needs: 'decision',
	law: ['colorado-automated-decision'],
	async build(context, actor, subject, cut) {
		const found = await readCase(context, actor, subject, cut)
		return contentOf(found, [
			decisionSection(found),
			roleSection(found),
			system(found),
			data(found),
			correctionsSection(found),
			reviewSection(found),
		])
	},
}

function system({ explanation, notices }: DecisionCase): ReportSection {
	const { model, version, lineage } = explanation
	return section('system', 'The system', {
		incomplete: !notices.developer,
		text: notices.developer
			? 'The decision was made with this system:'
			: `The developer of the system is missing. ${howToSet(model, 'developer')}`,
		tables: [
			fieldTable('system', [
				['Name', model],
				['Version', version],
				['Developer', notices.developer ?? null],
				['SHA-256 of the model file', lineage.artifact?.sha256 ?? null],
			]),
		],
	})
}

/** The types of data, as the version declares them, and their sources. */
function data(found: DecisionCase): ReportSection {
	const { model } = found.explanation
	const { dataSources } = found.notices
	const features = usedFeatures(found).used
	const missing = [
		...(features.length === 0
			? ['The types of data are missing, since the version declares none. Register versions with `features`.']
			: []),
		...(dataSources ? [] : [`The sources of the data are missing. ${howToSet(model, 'dataSources')}`]),
	]
	return section('data', 'The data', {
		incomplete: missing.length > 0,
		text: ['The system used this information about you.', ...missing].join('\n\n'),
		tables: [
			{
				id: 'data-types',
				title: 'Types of data',
				columns: ['data', 'type'],
				rows: features.map(({ name, type }) => [name, type]),
			},
			{
				id: 'data-sources',
				title: 'Where they come from',
				columns: ['source'],
				rows: (dataSources ?? []).map((source) => [source]),
			},
		],
	})
}
