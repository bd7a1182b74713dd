import { z } from 'zod'
import { checkStore } from '../../alerting/health.ts'
import { AppError } from '../../core/errors.ts'
import { inScope } from '../../registry/key/authorise.ts'
import { endpoint, ok, type Resource } from '../endpoint.ts'
import { scrape } from '../prometheus.ts'

const Status = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Status' })

const Ready = z
	.strictObject({
		status: z.literal('ok'),
		slack: z
			.strictObject({ status: z.enum(['ok', 'failed']), reason: z.string().nullable() })
			.optional()
			.describe(
				'Whether Slack responds and accepts the token. Present only if a token is set. The service is ready even if this failed.',
			),
	})
	.meta({ id: 'Ready' })

const alive = endpoint({
	method: 'get',
	path: '/healthz',
	id: 'healthz',
	summary: 'Check that the process responds',
	access: 'open',
	answers: { 200: { description: 'It responds', schema: Status, example: { status: 'ok' } } },
	handle: () => ok({ status: 'ok' }),
})

const ready = endpoint({
	method: 'get',
	path: '/readyz',
	id: 'readyz',
	summary: 'Check that the database can be read and written',
	description: 'For load balancers: send traffic only while this returns 200.',
	access: 'open',
	answers: { 200: { description: 'It can be read and written', schema: Ready, example: { status: 'ok' } } },
	handle: async ({ context }) => {
		await checkStore(context)
		if (!context.slack) return ok({ status: 'ok' })
		const reason = context.slack.trouble?.() ?? null
		return ok({ status: 'ok', slack: { status: reason === null ? 'ok' : 'failed', reason } })
	},
})

const metrics = endpoint({
	method: 'get',
	path: '/metrics',
	id: 'prometheusMetrics',
	summary: 'Metrics for Prometheus',
	description:
		'Labels name only models in the scope of the key. With PLUMBLINE_METRICS_PORT the same metrics are served on a separate port, without a key and for all models.',
	access: 'viewer',
	answers: {
		200: {
			description: 'The text exposition format',
			type: 'text/plain',
			schema: z.string(),
			example: '# TYPE plumbline_models gauge\nplumbline_models 2\n',
		},
	},
	handle: ({ actor, ...service }) => scrape(service, (model) => inScope(actor, model)),
})

const slack = endpoint({
	method: 'post',
	path: '/slack/events',
	id: 'slackEvents',
	summary: 'Receive events, commands and buttons from Slack',
	description: 'Authenticated by the signature of Slack instead of a key.',
	access: 'open',
	rows: {
		description: 'The payload of Slack',
		types: {
			'application/json': { example: { type: 'url_verification', challenge: '…' } },
			'application/x-www-form-urlencoded': { example: 'command=%2Fplumb&text=help' },
		},
	},
	answers: { 200: { description: 'Received' } },
	errors: ['not-found'],
	handle: ({ options, request, stream }) => {
		if (!options.slack)
			throw new AppError('not-found', 'Slack is not set up: set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET.')
		const { url, method, headers } = request
		const body = stream.within('openBytes').asStream()
		return options.slack(new Request(url, { method, headers, body, duplex: 'half' } as RequestInit))
	},
})

export const health = {
	about: 'The service itself.',
	endpoints: [alive, ready, metrics, slack],
} satisfies Resource
