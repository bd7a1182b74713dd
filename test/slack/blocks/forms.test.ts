import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Incident } from '../../../src/alerting/incident/incident.schema.ts'
import type { ActionRequest } from '../../../src/approvals/request/request.schema.ts'
import { requestKinds, requestStatuses } from '../../../src/db/schema.ts'
import type { ModelWithHealth } from '../../../src/registry/model/model.schema.ts'
import { homeView, textHome } from '../../../src/slack/blocks/home.ts'
import { incidentMessage } from '../../../src/slack/blocks/incident.ts'
import { requestLine, requestMessage } from '../../../src/slack/blocks/request.ts'
import { decidedView, reviewView } from '../../../src/slack/blocks/review.ts'
import { messageView, textView } from '../../../src/slack/blocks/view.ts'
import { actorOf } from '../../support/actors.ts'
import { checkMessage, checkView } from '../../support/block-kit.ts'

const publicUrl = 'https://plumbline.example.com'
const at = '2026-03-02T00:00:00.000Z'

// Short and 8 KB, empty, mentions, links, markup, control and right-to-left characters, emoji and their codes.
const hostile = [
	'v',
	'',
	' ',
	'<!channel> <@U1> <#C1|x> <https://evil.example|credit>',
	'&lt;!here&gt; &amp;',
	'`*_~```\n\n> # |',
	'\u202egnp.txt \u200b\u0000\u0007',
	'😀'.repeat(2000),
	':rotating_light:'.repeat(300),
	'&'.repeat(8192),
	'<'.repeat(8192),
	'x'.repeat(8192),
	'"'.repeat(8192),
	'a b\n'.repeat(2048),
	'中'.repeat(8192),
]
const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ maxLength: 300 }))
const count = (max: number) => fc.integer({ min: 0, max })
const times = <T>(n: number, one: T): T[] => Array.from({ length: n }, () => one)

const request = (s: string, t: string, n: number, i: number): ActionRequest => ({
	id: 'req_01kjx2y4v0',
	kind: requestKinds[i % requestKinds.length] as ActionRequest['kind'],
	model: s,
	environment: t,
	status: requestStatuses[i % requestStatuses.length] as ActionRequest['status'],
	action: {
		kind: s,
		model: s,
		environment: t,
		from: s,
		to: t,
		canary: { version: s, percent: 5 },
		[t]: [s, t],
	},
	actionDigest: `sha256:${'0'.repeat(64)}`,
	plan: { executor: s, calls: times(n, s) },
	requester: s,
	requesterPerson: s,
	reason: t,
	needs: 2,
	policy: {
		name: s,
		roles: ['approver'],
		groups: times(n, s),
		coolingOff: '15m',
		hours: null,
		verify: 1,
		breakGlass: { role: 'admin', expires: '1h' },
	},
	votes: times(n, { person: s, actor: s, vote: 'approve', reason: t, at, breakGlass: true }),
	createdAt: at,
	expiresAt: at,
	executeAfter: at,
	evidence: {
		incident: s,
		note: t,
		[s]: t,
		rule: s,
		value: 0.4,
		comparison: {
			champion: s,
			challenger: t,
			verdict: 'keep',
			reason: s,
			gain: { value: null, low: null, high: null },
			guards: times(n, { name: s, metric: s, group: t, champion: 1, challenger: null, state: 'open' }),
		},
	},
	execution: {
		executor: s,
		idempotencyKey: 'req_01kjx2y4v0',
		attempts: n,
		startedAt: at,
		finishedAt: null,
		steps: times(n, { at, step: 'act', ok: false, detail: t }),
		error: s || null,
	},
})

const incident = (s: string, t: string, n: number): Incident => ({
	id: 'inc_01kjx2y4v0',
	model: s,
	environment: t,
	status: 'open',
	severity: 'critical',
	title: s,
	beganAt: at,
	openedAt: at,
	resolvedAt: null,
	cause: t,
	alerts: times(n, {
		rule: s,
		severity: 'critical',
		status: 'firing',
		subject: { version: s, feature: t, segment: { name: s, value: t }, group: s },
		metric: t,
		value: 0.4,
		restated: null,
		before: 0.1,
		window: { from: at, to: at },
		rulesDigest: '',
	}),
	changes: times(n, { feature: s, kind: 'shift', before: 1, after: 2, since: at, text: t }),
	nextStep: t,
	related: times(n, s),
	timeline: [],
})

const model = (s: string, i: number): ModelWithHealth =>
	({
		model: s,
		health: { status: ['ok', 'unknown', 'critical'][i % 3], worstAlert: null, lastPrediction: at },
	}) as ModelWithHealth

const actor = actorOf('admin')

describe('whatever people call things, Slack accepts', () => {
	it('the message of a request, its line in that of an incident, and both forms', () => {
		fc.assert(
			fc.property(text, text, count(40), count(100), (s, t, n, i) => {
				const asked = request(s, t, n, i)
				const about = { publicUrl, incident: incident(t, s, n) }
				for (const message of [
					requestMessage(asked, about),
					requestMessage(asked, { publicUrl }),
					incidentMessage(incident(s, t, n), publicUrl, [], times(5, requestLine(asked, publicUrl))),
				])
					expect(checkMessage(message)).toEqual([])
				for (const view of [reviewView('frm_1', asked, about, actor), decidedView(asked, about, 'Stored.')])
					expect(checkView(view)).toEqual([])
			}),
			{ numRuns: 300 },
		)
	})

	it('a Home tab, and forms that show a text or a message', () => {
		fc.assert(
			fc.property(text, text, count(500), count(60), (s, t, n, requests) => {
				const models = Array.from({ length: n }, (_, i) => model(s, i))
				const waiting = Array.from({ length: requests }, (_, i) => request(s, t, 1, i))
				const home = homeView({ waiting, models, open: [incident(s, t, 1)], areMore: n > 400 })
				expect(checkView(home)).toEqual([])
				expect(checkView(textHome('You have no role in Plumbline.'))).toEqual([])
				expect(checkView(textView('Nothing was done.'))).toEqual([])
				expect(checkView(messageView(requestMessage(request(s, t, 3, 1), { publicUrl })))).toEqual([])
			}),
			{ numRuns: 100 },
		)
	})
})
