import { HttpResponse, http } from 'msw'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { dayMs, formatTime, hourMs } from '../../src/core/time.ts'
import { Chance } from '../../src/demo/random.ts'
import { runAll } from '../../src/jobs/index.ts'
import { builtInRules, openRules } from '../../src/platform/node/load-rules.ts'
import { mapSlackUser } from '../../src/registry/key/map-slack-user.ts'
import { admin } from '../support/actors.ts'
import { startOfTest } from '../support/context.ts'
import { type ServerOf, withServerPerTest } from '../support/fixtures.ts'
import { digestOf } from '../support/linear-model.ts'
import { plumbServer } from '../support/plumb.ts'
import type { Json } from '../support/server.ts'
import { FakeSlack } from '../support/slack-api.ts'

const perDay = 600
const firstDay = startOfTest + dayMs
const date = (day: number) => formatTime(firstDay + day * dayMs)
const coefficients = { income: -0.0004, age: 0.01 }
const artefact = JSON.stringify({ format: 'linear-json', link: 'logit', intercept: 0.5, coefficients })
const features = [
	{ name: 'income', type: 'numeric' },
	{ name: 'age', type: 'numeric' },
	{ name: 'balance', type: 'numeric' },
	{ name: 'employer', type: 'categorical' },
	{ name: 'sex', type: 'categorical' },
]

type Row = { features: Record<string, Json>; segment: { city: string; channel: string }; score: number }
type Break = (row: Row) => void
type Served = { income: number; age: number }

const slack = new FakeSlack()
const it = withServerPerTest(async () => {
	const logger = { info() {}, warn() {}, error() {} }
	return plumbServer({ rules: await openRules(builtInRules(), { logger }) })
})
type Server = ServerOf<typeof plumbServer>
let chance: Chance
let days: number

/** An applicant, broken before the model sees it. */
function rowOf(breakIt: Break = () => {}, served: Served = coefficients): Row {
	const row: Row = {
		features: {
			income: Math.round(Math.exp(8 + 0.5 * chance.normal())),
			age: Math.floor(20 + 50 * chance.uniform()),
			balance: chance.uniform() < 0.05 ? null : chance.normal(),
			employer: chance.pick(['state', 'firm', 'self']),
			sex: chance.pick(['f', 'm']),
		},
		segment: { city: chance.pick(['munich', 'berlin', 'hamburg']), channel: chance.pick(['web', 'branch']) },
		score: 0,
	}
	breakIt(row)
	const { income, age } = row.features
	row.score = 1 / (1 + Math.exp(-(0.5 + served.income * income + served.age * age)))
	return row
}

/** Registers the version, with its artefact if replays need it, and lets two days pass. */
async function begin(server: Server, more: object = {}): Promise<void> {
	await server.post('/v1/models/loans/versions', { version: '1', features, ...more })
	const headers = { 'content-type': 'application/octet-stream' }
	const path = '/v1/models/loans/versions/1'
	if ('artifact' in more) await server.fetch(`${path}/artifact`, { method: 'PUT', body: artefact, headers })
	const baseline = Array.from({ length: 3000 }, () => rowOf())
	await server.fetch(`${path}/baseline`, { method: 'PUT', json: baseline })
	for (let i = 0; i < 2; i++) await day(server)
}

async function day(server: Server, breakIt?: Break, served?: Served): Promise<void> {
	await postDay(server, breakIt, served)
	expect((await runAll(server.context, 'test')).filter((run) => run.status !== 'ok')).toEqual([])
}

async function postDay(server: Server, breakIt?: Break, served?: Served): Promise<void> {
	const start = firstDay + days++ * dayMs
	const rows = Array.from({ length: perDay }, (_, i) => ({
		predictionId: `${days}-${i}`,
		version: '1',
		timestamp: formatTime(start + Math.floor((i / perDay) * dayMs)),
		...rowOf(breakIt, served),
	}))
	server.clock.now = start + dayMs + hourMs
	expect((await server.post('/v1/models/loans/predictions', rows)).body.accepted).toBe(perDay)
}

/** Oldest first. */
const incidents = async (server: Server): Promise<Json[]> =>
	(await server.fetch('/v1/incidents?model=loans')).body.items.sort((a: Json, b: Json) =>
		a.beganAt < b.beganAt ? -1 : 1,
	)
const only = async (server: Server): Promise<Json> => {
	const all = await incidents(server)
	expect(all.map((i) => i.title)).toHaveLength(1)
	return all[0]
}
const changeOf = (incident: Json, feature: string | null): Json =>
	incident.changes.find((c: Json) => c.feature === feature)

const inMunich =
	(change: Break): Break =>
	(row) => {
		if (row.segment.city === 'munich') change(row)
	}
const monthly: Break = (row) => {
	row.features.income *= 12
}
const nulls: Break = (row) => {
	if (chance.uniform() < 0.3) row.features.balance = null
}
const crypto: Break = (row) => {
	if (chance.uniform() < 0.2) row.features.employer = 'crypto'
}

beforeAll(() => slack.server.listen({ onUnhandledFrame: 'error' }))
afterAll(() => slack.server.close())
it.beforeEach(async ({ server }) => {
	chance = new Chance(11)
	days = 0
	slack.reset()
	const common = { task: 'binary', threshold: 0.5, positiveLabel: '1' }
	await server.post('/v1/models', {
		model: 'loans',
		...common,
		segments: ['city', 'channel'],
		sensitive: ['sex'],
	})
})

describe('four causes on four days', () => {
	it('are four related incidents, each with its own title and changes', async ({ server }) => {
		await begin(server, { artifact: { format: 'linear-json', sha256: digestOf(artefact) } })
		expect(await incidents(server)).toEqual([])
		await day(server, inMunich(monthly))
		await day(server, nulls)
		await day(server, crypto)
		await day(server, undefined, { income: coefficients.income, age: 0.012 })
		const all = await incidents(server)
		expect(all.map((i) => [i.severity, i.beganAt, i.title])).toEqual([
			[
				'critical',
				date(2),
				expect.stringMatching(
					/^income has drifted from the baseline since 2026-03-05 00:00: unit change x12 where city is munich; the score /,
				),
			],
			[
				'warning',
				date(3),
				expect.stringMatching(
					/^balance is missing more often than in the baseline since 2026-03-06 00:00: missing in 3\d(\.\d)?% of rows, \d\.\d+% before$/,
				),
			],
			[
				'warning',
				date(4),
				expect.stringMatching(
					/^employer has categories that the baseline does not have since 2026-03-07 00:00: "crypto" in [12]\d(\.\d)?% of rows$/,
				),
			],
			[
				'critical',
				date(5),
				'loans is not what is registered: the served model and the artefact differ since 2026-03-08 00:00',
			],
		])
		const [unit, missing, category, replay] = all
		expect(changeOf(unit, 'income')).toMatchObject({
			segment: { name: 'city', value: 'munich' },
			kind: 'unit',
			factor: 12,
			since: date(2),
		})
		expect(changeOf(unit, 'income').after / changeOf(unit, 'income').before).toBeGreaterThan(9)
		expect(changeOf(missing, 'balance')).toMatchObject({ kind: 'missing', since: date(3) })
		expect(changeOf(category, 'employer')).toMatchObject({ kind: 'new-category', before: 0, since: date(4) })
		expect(changeOf(replay, null)).toMatchObject({ kind: 'replay', since: date(5) })
		expect(changeOf(replay, null).text).toContain('version 1 serves another model')
		for (const i of all) expect(i.related.sort()).toEqual(all.flatMap((o) => (o === i ? [] : [o.id])).sort())
		const status = await server.plumb('status')
		expect(status.shown).toContain(
			'critical: loans is not what is registered: the served model and the artefact differ',
		)
	})
})

describe('a unit change in one segment', () => {
	it('is one incident with its consequences, and names the segment in the message and after Why', async ({
		server,
	}) => {
		await begin(server)
		await day(server, inMunich(monthly))
		const incident = await only(server)
		expect(incident.alerts.map((a: Json) => a.subject.feature)).toEqual(
			expect.arrayContaining(['income', '$score']),
		)
		const { text } = changeOf(incident, 'income')
		expect(text).toMatch(
			/^income where city is munich: x12, .*median [\d,]+ before, [\d,]+ now\); elsewhere unchanged$/,
		)
		expect(changeOf(incident, '$score').text).toMatch(/^the mean score went from .* \(munich: /)
		expect(changeOf(incident, '$decision').text).toMatch(/^decision "1" went from [\d.]+% to [\d.]+% of rows/)
		const message = await server.plumb(`incident ${incident.id}`)
		expect(message.shown).toContain(text)
		expect(message.shown).toContain('*Next:* Ask who sends income whether its unit has changed')
		expect(message.shown).not.toContain('drift.effect')

		const told: Json[] = []
		slack.server.use(
			http.post('https://hooks.slack.com/actions/2', async ({ request }) => {
				told.push(await request.json())
				return HttpResponse.text('ok')
			}),
		)
		await mapSlackUser(server.context, admin, { team: 'T1', user: 'U2', role: 'viewer', models: ['*'] })
		const press = (user: string) =>
			server.interact(
				{
					type: 'block_actions',
					channel: { id: 'C1' },
					actions: [{ type: 'button', action_id: 'incident_why', block_id: 'b', value: incident.id }],
				},
				user,
			)
		await press('U1')
		await expect.poll(() => told.length).toBe(1)
		const why = JSON.stringify(told[0].blocks)
		expect(why).not.toContain(text)
		expect(why).toContain('*By city*')
		expect(why).toContain('*Trend* of drift.effect of income')
		const ids = [...new Set(why.match(/\b3-\d+\b/g))]
		expect(ids).toHaveLength(3)
		for (const id of ids)
			expect((await server.fetch(`/v1/models/loans/predictions/${id}`)).body.segment.city).toBe('munich')
		await press('U2')
		await expect.poll(() => told.length).toBe(2)
		expect(JSON.stringify(told[1].blocks)).toContain('Only analysts see example predictions')
		expect(JSON.stringify(told[1].blocks)).not.toMatch(/\b3-\d+\b/)
	})

	it('names a group if only the group changed, and no group if everything did', async ({ server }) => {
		await begin(server)
		await day(server, (row) => {
			if (row.features.sex === 'f') row.features.income /= 12
		})
		const [grouped] = await incidents(server)
		expect(changeOf(grouped, 'income')).toMatchObject({ group: 'sex=f', kind: 'unit', factor: 0.0833333 })
		for (let i = 0; i < 3; i++) await day(server)
		await day(server, (row) => {
			row.features.age *= 1000
		})
		const everywhere = (await incidents(server)).at(-1)
		expect(changeOf(everywhere, 'age')).toMatchObject({ kind: 'unit', factor: 1000 })
		expect(changeOf(everywhere, 'age').segment ?? changeOf(everywhere, 'age').group).toBeUndefined()
	})
})

describe('an incident that ended before it was evaluated', () => {
	it('says what changed and where', async ({ server }) => {
		await begin(server)
		await postDay(server, inMunich(monthly))
		for (let i = 0; i < 4; i++) await postDay(server)
		expect((await runAll(server.context, 'test')).filter((run) => run.status !== 'ok')).toEqual([])
		const incident = await only(server)
		expect([incident.status, incident.beganAt]).toEqual(['resolved', date(2)])
		expect(incident.title).toContain('unit change x12 where city is munich')
		expect(changeOf(incident, 'income')).toMatchObject({ kind: 'unit', factor: 12, since: date(2) })
		expect(changeOf(incident, '$score').text).toMatch(/^the mean score went from /)
	})
})

describe('evaluating again', () => {
	it('changes no incident, also after late rows', async ({ server }) => {
		await begin(server)
		await day(server, nulls)
		const before = await only(server)
		await day(server, nulls)
		const row = rowOf(nulls)
		const late = { predictionId: 'late', version: '1', timestamp: date(2), ...row }
		await server.post('/v1/models/loans/predictions', [late])
		expect((await runAll(server.context, 'test')).filter((run) => run.status !== 'ok')).toEqual([])
		const after = await only(server)
		expect([after.id, after.title.slice(0, 70)]).toEqual([before.id, before.title.slice(0, 70)])
		expect(changeOf(after, 'balance').kind).toBe('missing')
	})

	it('features that change together are one incident', async ({ server }) => {
		await begin(server)
		await day(server, (row) => {
			nulls(row)
			crypto(row)
		})
		const incident = await only(server)
		expect(incident.changes.map((c: Json) => c.kind).slice(0, 2)).toEqual(['missing', 'new-category'])
		expect(incident.title).toContain('; employer has categories that the baseline does not have')
	})
})
