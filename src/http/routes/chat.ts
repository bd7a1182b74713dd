import { readers } from '../../core/actor.ts'
import { ChatInput, ChatReply } from '../../slack/chat.schema.ts'
import { chat as converse } from '../../slack/chat.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'

const talk = endpoint({
	method: 'post',
	path: '/v1/chat',
	id: 'chat',
	summary: 'Speak the words of `/plumb` without Slack',
	description:
		'Runs a command, presses a button or submits a form of an earlier reply, in the name of the key, with the same handlers as in Slack. Without `text`, `press` and `submit` it says who you are. What is refused is a reply too. `plumbline chat` is a terminal for it.',
	access: readers,
	body: ChatInput,
	bodyExample: { text: 'status' },
	answers: {
		200: {
			description: 'The reply',
			schema: ChatReply,
			example: {
				person: 'ana@bank.example',
				text: 'No incident is open.',
				blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'No incident is open.' } }],
				form: null,
				errors: {},
			},
		},
	},
	errors: ['not-found'],
	handle: async ({ context, actor, body }) => ok(await converse(context, actor, body)),
})

export const chat = {
	about: 'The conversation of Slack, for terminals.',
	endpoints: [talk],
} satisfies Resource
