import { z } from 'zod'

const id = z.string().min(1).max(256)
const opaque = z.string().max(3000)

export const ChatInput = z
	.strictObject({
		as: z.string().min(1).max(256).optional().meta({
			description:
				'Who you are: the owner of your key, or its actor. An admin can name somebody else, to see what they see.',
		}),
		text: z.string().max(16_000).optional().meta({
			description: 'A command, as after `/plumb`, or the same in plain words.',
		}),
		press: z.strictObject({ action: id, value: opaque }).optional().meta({
			description: 'A button of an earlier reply.',
		}),
		submit: z
			.strictObject({ form: id, value: opaque, fields: z.record(z.string().max(300), z.string().max(3000)) })
			.optional()
			.meta({ description: 'A form of an earlier reply, filled in.' }),
	})
	.refine(
		({ text, press, submit }) => [text, press, submit].filter((part) => part !== undefined).length < 2,
		{
			message: 'Send one of `text`, `press` and `submit`.',
		},
	)
	.meta({ id: 'ChatInput' })
export type ChatInput = z.input<typeof ChatInput>

const block = z.looseObject({ type: z.string() }).meta({ description: 'A block of Block Kit.' })

export const ChatReply = z
	.strictObject({
		person: z
			.string()
			.meta({ description: 'Who sees this: whom the key belongs to, or whom an admin has named.' }),
		text: z.string().meta({ description: 'The reply without its layout, in the markup of Slack.' }),
		blocks: z.array(block),
		form: z
			.strictObject({ id: z.string(), value: z.string(), submit: z.string().nullable() })
			.nullable()
			.meta({ description: 'The blocks are a form: submit its fields with this id and value.' }),
		errors: z.record(z.string(), z.string()).meta({
			description: 'What is wrong with the fields of a submitted form, by block id.',
		}),
	})
	.meta({ id: 'ChatReply' })
export type ChatReply = z.input<typeof ChatReply>
