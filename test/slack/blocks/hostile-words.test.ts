import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { ActionRequest } from '../../../src/approvals/request/request.schema.ts'
import type { MetricPoint } from '../../../src/metrics/metric-point.schema.ts'
import type { ModelDrift } from '../../../src/monitoring/drift/read-drift.ts'
import { driftChart } from '../../../src/slack/blocks/charts.ts'
import { driftMessage } from '../../../src/slack/blocks/drift.ts'
import { modelsMessage } from '../../../src/slack/blocks/models.ts'
import { auditMessage, modelReportMessage } from '../../../src/slack/blocks/records.ts'
import { requestReply, requestsMessage } from '../../../src/slack/blocks/request-list.ts'
import type { SlackMessage } from '../../../src/slack/blocks/text.ts'
import { offerChoices } from '../../../src/slack/questions/choice.ts'
import { answerText } from '../../../src/slack/understand.ts'
import { admin } from '../../support/actors.ts'
import { checkMessage } from '../../support/block-kit.ts'
import { withContext } from '../../support/fixtures.ts'

const it = withContext()
const text = fc.oneof(
	fc.string({ unit: 'binary', maxLength: 300 }),
	fc.constantFrom(
		'<!channel> & <@U1> <http://e.example|x>',
		'&'.repeat(256),
		'`*_~'.repeat(64),
		'x'.repeat(256),
		'\n'.repeat(50),
		'😀'.repeat(128),
		'',
	),
)
const time = '2026-03-02T00:00:00.000Z'

/** Valid for Slack, whose text is the whole summary and mentions nobody. */
function expectSafe(message: SlackMessage): void {
	expect(checkMessage(message)).toEqual([])
	const markup = message.blocks.filter(
		(b) => b.type !== 'header' && b.type !== 'actions' && b.type !== 'image',
	)
	expect(JSON.stringify([message.text, markup])).not.toMatch(/<[!@#]/)
}

const check = <T>(values: fc.Arbitrary<T>, messageOf: (value: T) => SlackMessage) =>
	fc.assert(
		fc.property(values, (value) => expectSafe(messageOf(value))),
		{ numRuns: 150 },
	)

const point = (feature: string, value: number | null, reason: string | null): MetricPoint => ({
	metric: 'drift.effect',
	subject: { model: 'm', version: '1', environment: 'p', feature },
	window: { from: time, to: '2026-03-03T00:00:00.000Z' },
	status: value === null ? 'insufficient' : 'ok',
	value,
	n: 1000,
	m: 10_000,
	low: null,
	high: null,
	p: null,
	q: null,
	method: '',
	reason,
	baseline: null,
	provisional: false,
	computedAt: time,
})

const drift: fc.Arbitrary<ModelDrift> = fc
	.record({
		model: text,
		version: text,
		environment: text,
		columns: fc.array(
			fc.record({
				feature: text,
				value: fc.option(fc.double({ noNaN: true })),
				reason: text,
				isDetected: fc.boolean(),
			}),
			{
				minLength: 1,
				maxLength: 60,
			},
		),
	})
	.map(({ model, version, environment, columns }) => ({
		model,
		chosen: {
			model,
			series: { id: 1, model, version, environment, segment: 's', value: version },
			window: '1d' as const,
			newest: Date.parse(time),
			others: [{ id: 2, model, version: environment, environment, segment: '', value: '' }],
		},
		window: { from: time, to: time },
		isOpen: true,
		columns: columns.map(({ feature, value, reason, isDetected }) => ({
			feature,
			effect: point(feature, value, reason),
			psi: value,
			p: 0.0001,
			q: 0.01,
			isDetected,
		})),
		trend: {
			feature: columns[0]?.feature ?? '',
			points: columns.map((c) => point(c.feature, c.value, null)),
		},
	}))

const request: fc.Arbitrary<ActionRequest> = fc
	.record({ id: text, model: text, environment: text, from: text, to: text, reason: text, requester: text })
	.map(
		({ id, model, environment, from, to, reason, requester }) =>
			({
				...{ id, model, environment, reason, requester, requesterPerson: requester },
				kind: 'rollback',
				status: 'pending',
				action: { kind: 'rollback', model, environment, from, to },
				actionDigest: `sha256:${'0'.repeat(64)}`,
				plan: null,
				needs: 2,
				policy: null,
				votes: [],
				createdAt: time,
				expiresAt: time,
				executeAfter: null,
				evidence: {},
				execution: null,
			}) as unknown as ActionRequest,
	)

describe('whatever the names are', () => {
	it('the drift of a model keeps the limits, and its chart too', () => {
		check(drift, driftMessage)
		fc.assert(
			fc.property(drift, (data) => {
				const chart = driftChart(data)
				if (!chart) return
				expect(chart.alt.length).toBeLessThanOrEqual(2000)
				const { title, chart: drawn } = chart.block as unknown as {
					title: string
					chart: { series: { name: string; data: { label: string }[] }[] }
				}
				expect(title.length).toBeLessThanOrEqual(50)
				const labels = drawn.series[0]?.data.map((d) => d.label) ?? []
				expect(labels.length).toBeLessThanOrEqual(20)
				expect(new Set(labels).size).toBe(labels.length)
				for (const label of labels) expect([label.length > 0, label.length <= 20]).toEqual([true, true])
			}),
			{ numRuns: 150 },
		)
	})

	it('requests, entries, models and reports keep the limits', () => {
		check(request, requestReply)
		check(fc.array(request, { maxLength: 20 }), (items) => requestsMessage(items, true))
		const entry = fc.record({
			index: fc.nat(),
			at: fc.constant(time),
			actor: text,
			action: text,
			object: text,
			model: text,
			why: text,
		})
		check(fc.record({ items: fc.array(entry, { maxLength: 20 }), about: text }), ({ items, about }) =>
			auditMessage({ items, areMore: true }, { about, since: time }),
		)
		check(fc.record({ model: text, template: text }), ({ model, template }) =>
			modelReportMessage(model.toWellFormed(), template, 'bias', 'http://127.0.0.1', {
				from: time,
				to: time,
			}),
		)
		const model = fc.record({ model: text, owner: text, riskTier: text, champion: text, environment: text })
		check(fc.array(model, { maxLength: 30 }), (all) =>
			modelsMessage(
				all.map(({ champion, environment, ...m }) => ({
					model: { task: 'binary', ...m } as never,
					serving: [{ environment, champion, challenger: champion } as never],
				})),
				true,
			),
		)
	})

	it('the picker keeps the limits', async ({ context }) => {
		await fc.assert(
			fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 30 }), text, async (labels, name) => {
				const offers = labels.map((label) => ({ label, command: 'status', words: [label] }))
				const message = await offerChoices(context, admin, `Which is it?`, offers)
				expectSafe(message)
				expect(JSON.stringify(message.blocks)).not.toContain(`"value":"${name}"`)
			}),
			{ numRuns: 40 },
		)
	})

	it('no words make a reply that Slack would refuse', async ({ context }) => {
		const before = fc.constantFrom(
			'',
			'rollback ',
			'should we roll back ',
			'why ',
			'silence ',
			'audit ',
			'report bias ',
			'drift ',
			'how is ',
			'roll back and retrain ',
			'statu ',
			'rolback ',
		)
		await fc.assert(
			fc.asyncProperty(before, text, async (start, rest) => {
				const message = await answerText(context, admin, start + rest).then(
					(reply) => reply.message,
					() => undefined,
				)
				if (message) expectSafe(message)
			}),
			{ numRuns: 200 },
		)
	})
})
