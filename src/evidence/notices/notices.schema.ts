import { z } from 'zod'
import { TimeOrNull } from '../../core/schemas.ts'
import { isVisible } from '../../core/visible-text.ts'

const visible = (max: number) =>
	z
		.string()
		.trim()
		.min(1)
		.max(max)
		.regex(/^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$/, 'must not contain control characters')
		.refine(isVisible, 'must have visible characters')

const name = visible(200)
const address = visible(500)
const words = visible(2000)
const Party = z.strictObject({ name, address })

/** Facts that no log has: who decides, who supervises, and how a person reaches somebody. */
const members = {
	laws: z
		.array(z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be an id of the law tables'))
		.max(50)
		.meta({
			description:
				'The rows of the law tables that apply to this model. Their clocks run: an incident opens before one lapses.',
			example: ['ecoa-adverse-action'],
		}),
	noticesSince: z
		.string()
		.regex(/^\d{4}-\d\d-\d\d$/, 'must be a day such as 2026-03-01')
		.refine((day) => !Number.isNaN(Date.parse(day)), 'must be a day that exists')
		.meta({
			description:
				'The first UTC day of decisions whose notices are made here. Default: all that are logged.',
			example: '2026-03-01',
		}),
	creditor: Party.meta({
		description: 'Who takes the decision, as notices name it.',
		example: { name: 'First Bank', address: '1 Main Street, Springfield, IL 62701' },
	}),
	agency: Party.meta({
		description: 'The federal agency that administers compliance with the ECOA for this creditor.',
		example: {
			name: 'Consumer Financial Protection Bureau',
			address: '1700 G Street NW, Washington, DC 20552',
		},
	}),
	actionTaken: words.meta({
		description: 'The action, in the words of the notice. Default: that the application was not approved.',
		example: 'We declined your application for a credit card.',
	}),
	consumerReports: z
		.array(z.strictObject({ name, address, phone: visible(50) }))
		.max(10)
		.meta({
			description:
				'The consumer reporting agencies whose reports the decisions use. An empty list says that none is used.',
			example: [],
		}),
	score: z
		.strictObject({ provider: name, min: z.number().optional(), max: z.number().optional() })
		.refine(({ min, max }) => min === undefined || max === undefined || min < max, {
			path: ['max'],
			error: 'must be above min',
		})
		.meta({
			description:
				'Who provides the score, and the range of possible scores. Default range: 0 to 1 for probabilities.',
			example: { provider: 'First Bank', min: 300, max: 850 },
		}),
	procedure: words.meta({
		description: 'How the decision is made, in plain words.',
		example: 'A computer program estimates how likely it is that a loan is paid back on time.',
	}),
	role: z.enum(['decides', 'proposes', 'informs']).meta({
		description:
			'The part of the model: it decides alone, proposes what a person then decides, or is one source among others.',
		example: 'decides',
	}),
	contact: words.meta({
		description: 'How to reach a person who can look at the decision again, hear the person and change it.',
		example: 'Write to review@bank.example or call +1 555 0100, Monday to Friday, 9 to 17 h.',
	}),
	corrections: words.meta({
		description: 'How to have wrong data corrected.',
		example: 'Write to data@bank.example and name what is wrong.',
	}),
	dataSources: z
		.array(visible(200))
		.min(1)
		.max(50)
		.meta({
			description: 'Where the data about a person come from, in plain words.',
			example: ['Your application', 'Our records of your accounts'],
		}),
	developer: name.meta({ description: 'Who made the model.', example: 'First Bank, Credit Risk' }),
}

export const NoticeSettings = z
	.strictObject({
		laws: members.laws.default([]),
		noticesSince: members.noticesSince.optional(),
		creditor: members.creditor.optional(),
		agency: members.agency.optional(),
		actionTaken: members.actionTaken.optional(),
		consumerReports: members.consumerReports.optional(),
		score: members.score.optional(),
		procedure: members.procedure.optional(),
		role: members.role.optional(),
		contact: members.contact.optional(),
		corrections: members.corrections.optional(),
		dataSources: members.dataSources.optional(),
		developer: members.developer.optional(),
	})
	.meta({
		id: 'NoticeSettings',
		description: 'What notices and letters say beyond what is logged. Absent: not known.',
	})
export type NoticeSettings = z.output<typeof NoticeSettings>

export const NoticeSettingsRecord = z
	.strictObject({
		model: z.string(),
		revision: z.int().meta({ description: '0: nothing has been set.' }),
		since: TimeOrNull,
		settings: NoticeSettings,
	})
	.meta({ id: 'NoticeSettingsRecord' })
export type NoticeSettingsRecord = z.output<typeof NoticeSettingsRecord>
