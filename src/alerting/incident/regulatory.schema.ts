import { z } from 'zod'
import { type Output, Time, TimeOrNull, TimeParameter } from '../../core/schemas.ts'
import { isVisible } from '../../core/visible-text.ts'

/** Classes of serious incidents (AI Act, Article 3(49)), and an infringement in several Member States (Article 3(61)). */
export const incidentClasses = [
	'death',
	'health',
	'critical-infrastructure',
	'fundamental-rights',
	'property-or-environment',
	'widespread',
] as const

const memberStates = [
	...['AT', 'BE', 'BG', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GR', 'HR', 'HU', 'IE', 'IT', 'LT'],
	...['LU', 'LV', 'MT', 'NL', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK'],
] as const

const text = (description: string) =>
	z
		.string()
		.trim()
		.min(1)
		.max(4000)
		.refine(isVisible, 'must have visible characters')
		.nullable()
		.meta({ description })
const Class = z
	.enum(incidentClasses)
	.nullable()
	.meta({ description: 'The class of the serious incident.', example: 'health' })
const MemberState = z
	.enum(memberStates)
	.nullable()
	.meta({ description: 'The Member State in which it occurred, as ISO 3166-1 alpha-2.', example: 'DE' })

const texts = {
	investigation: text('What was investigated, and what was found.'),
	riskAssessment: text('The risk that remains.'),
	correctiveAction: text('What was done so that it does not occur again.'),
}
const timeTexts = {
	awareAt: 'When the provider became aware of it: the clocks run from then.',
	causalLinkAt: 'When a causal link with the system was established, or likely.',
	initialReportAt: 'When it was first reported to the authority.',
	completeReportAt: 'When the complete report was sent.',
} as const

const time = (description: string) => TimeParameter.nullable().meta({ description })

export const RegulatoryInput = z
	.strictObject({
		class: Class,
		memberState: MemberState,
		awareAt: time(timeTexts.awareAt),
		causalLinkAt: time(timeTexts.causalLinkAt),
		initialReportAt: time(timeTexts.initialReportAt),
		completeReportAt: time(timeTexts.completeReportAt),
		...texts,
	})
	.partial()
	.refine((facts) => Object.keys(facts).length > 0, 'must have at least one member')
	.meta({
		id: 'RegulatoryInput',
		description: 'What only people know of an incident. Members that are left out stay; null withdraws one.',
	})
export type RegulatoryInput = z.output<typeof RegulatoryInput>

export const RegulatoryRecord = z
	.strictObject({
		incident: z.string(),
		class: Class,
		memberState: MemberState,
		awareAt: TimeOrNull,
		causalLinkAt: TimeOrNull,
		initialReportAt: TimeOrNull,
		completeReportAt: TimeOrNull,
		...texts,
		recorded: z
			.array(z.strictObject({ at: Time, who: z.string(), members: z.array(z.string()) }))
			.meta({ description: 'Who recorded what, oldest first.' }),
	})
	.meta({ id: 'RegulatoryFacts' })
export type RegulatoryRecord = Output<typeof RegulatoryRecord>
