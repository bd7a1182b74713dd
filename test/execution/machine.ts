import { eq } from 'drizzle-orm'
import { cancelRequest, createRequest } from '../../src/approvals/request/request.ts'
import { castVote } from '../../src/approvals/vote/cast-vote.ts'
import type { Context } from '../../src/context.ts'
import type { Actor, Role } from '../../src/core/actor.ts'
import { AppError } from '../../src/core/errors.ts'
import { dayMs, hourMs, minuteMs } from '../../src/core/time.ts'
import { openDatabase } from '../../src/db/database.ts'
import { requestVotes } from '../../src/db/schema.ts'
import type { Sql, Statement } from '../../src/db/sql.ts'
import { executeRequest } from '../../src/execution/execute.ts'
import { executeDue } from '../../src/execution/execute-due.ts'
import { ownExecutors } from '../../src/execution/own-executors.ts'
import { recordResult } from '../../src/execution/result.ts'
import type { PolicySet } from '../../src/rules/approval-policies.ts'
import { testContext } from '../support/context.ts'
import { defaultPolicies } from '../support/policies.ts'
import { type Case, type Fault, type Key, keys, type Op, people, personOf } from './cases.ts'
import { FakeTarget } from './fake-target.ts'

// Requests, from the first vote to their end, under everything that can happen to them, against a small model of what may
// come of it. The model knows the rules of the protocol and nothing of the code.

const requester = 'ana'
const needs = 2

/** Which status may follow which. */
const follows: Record<string, string[]> = {
	pending: ['approved', 'rejected', 'cancelled', 'expired', 'stale'],
	approved: ['executing', 'cancelled', 'expired'],
	executing: ['verifying', 'failed', 'inconclusive', 'stale', 'cancelled'],
	verifying: ['verified', 'inconclusive'],
}
const story = new RegExp(
	'^create-request( vote-request)*(' +
		[
			' reject-request',
			' expire-request',
			' cancel-request',
			' stale-execution',
			' approve-request( (cancel-request|expire-request)| start-execution( (cancel|fail|stale|inconclusive)[a-z-]+' +
				'| act-execution (verify|inconclusive)-execution))',
		].join('|') +
		')$',
)

class Dead extends Error {}

/** Another process on the same database, which has a fault. */
function processOf(base: Context, target: FakeTarget, { at, how }: Fault = { at: -1, how: 'busy' }): Context {
	let uses = 0
	let isDead = false
	const use = async <T>(work: () => Promise<T>): Promise<T> => {
		if (isDead) throw new Dead('the process is dead')
		if (uses++ !== at) return work()
		if (how === 'busy') throw new Error('SQLITE_BUSY: database is locked')
		isDead = true
		if (how === 'dies-after') await work()
		throw new Dead('the process dies')
	}
	const sql: Sql = {
		all: <Row>(statement: Statement) => use(() => base.sql.all<Row>(statement)),
		values: (statement) => use(() => base.sql.values(statement)),
		batch: (statements) => use(() => base.sql.batch(statements)),
		close: async () => {},
	}
	const context = { ...base, sql, db: openDatabase(sql) }
	context.executors = { ...ownExecutors(context), target: target.kind }
	return context
}

/** What the protocol says of votes. */
class Model {
	status = 'pending'
	votes = new Map<string, { key: Key; vote: string; glass: boolean }>()
	active = new Set<Key>(keys)

	/** The code that a vote must be answered with, or `new` or `known`; and what it changes. */
	vote({ key, vote, bad, glass }: Op & { op: 'vote' }, isLate: boolean, hasMoved: boolean): string {
		const person = personOf(key)
		if (!this.active.has(key)) return 'unauthenticated'
		if (glass && vote === 'reject') return 'invalid'
		if (glass ? key !== 'root' : key === 'kim') return 'forbidden'
		if (person === requester) return 'own-request'
		if (bad) return 'digest-changed'
		const before = this.votes.get(person)
		const isSame = before?.key === key && before.vote === vote
		// A voter may still break the glass.
		if (before && !(isSame && glass && !before.glass)) return isSame ? 'known' : 'already-voted'
		if (this.status === 'pending' && isLate) this.status = 'expired'
		if (this.status === 'expired' || this.status === 'stale') return this.status
		if (this.status !== 'pending') return 'not-open'
		if (hasMoved) {
			this.status = 'stale'
			return 'stale'
		}
		this.votes.set(person, { key, vote, glass: glass === true })
		if (vote === 'reject') this.status = 'rejected'
		else if (this.isApproved()) this.status = 'approved'
		return 'new'
	}

	isApproved(): boolean {
		const approvals = [...this.votes].filter(
			([person, { vote }]) => vote === 'approve' && person !== requester,
		)
		return approvals.length >= needs || approvals.some(([, { key, glass }]) => glass && key === 'root')
	}
}

const actorOf = (id: Key): Actor => {
	const { role, owner } = people.find((p) => p.id === id) as { role: Role; owner: string | null }
	return { id: `key:${id}`, how: 'key', role, models: ['*'], owner: owner ?? undefined }
}

/** One database for many requests, each of a model of its own. */
export async function openMachine() {
	let policies: PolicySet = defaultPolicies
	const { context, clock, close } = await testContext({ policies: { current: () => policies } })
	let runs = 0
	const start = clock.now
	const run = async (one: Case) => {
		clock.now = start
		policies = {
			...defaultPolicies,
			policies: [
				{
					name: 'p',
					needs,
					roles: ['approver'],
					groups: [],
					expiresMs: 7 * dayMs,
					coolingOffMs: one.coolingOff,
					verify: 1,
					// Whether enough people can approve is not what this is about.
					isPackaged: true,
					breakGlass: { role: 'admin', expiresMs: hourMs },
				},
			],
			executors: [{ name: one.pointer ? 'pointer' : 'target', settings: {} }],
		}
		await new Run(context, clock, one, `m${runs++}`).play()
	}
	return { run, close, context }
}

type Clock = Awaited<ReturnType<typeof testContext>>['clock']

class Run {
	private readonly base: Context
	private readonly clock: Clock
	private readonly one: Case
	private readonly name: string
	private readonly target: FakeTarget
	private readonly model = new Model()
	private readonly path: string[] = ['pending']
	/** Votes that were raised to break-glass later: each has two entries. */
	private raised = 0
	private id = ''
	private digest = ''

	constructor(context: Context, clock: Clock, one: Case, name: string) {
		this.clock = clock
		this.one = one
		this.name = name
		this.target = new FakeTarget(one)
		// Every status that is ever stored is seen.
		const sql: Sql = {
			...context.sql,
			all: (s) => context.sql.all(s),
			values: (s) => context.sql.values(s),
			batch: async (statements) => {
				const result = await context.sql.batch(statements)
				if (this.id !== '') await this.look(context)
				return result
			},
		}
		this.base = { ...context, sql, db: openDatabase(sql) }
	}

	private async look(context: Context): Promise<void> {
		const [row] = await context.sql.all<{ status: string }>({
			sql: 'SELECT status FROM request WHERE id = ?',
			params: [this.id],
		})
		if (row && this.path.at(-1) !== row.status) this.path.push(row.status)
	}

	async play(): Promise<void> {
		await this.prepare()
		for (const op of this.one.ops) {
			await this.perform(op)
			await this.compare(op)
		}
		await this.finish()
		await this.check()
	}

	private async prepare(): Promise<void> {
		const { name, base } = this
		const now = this.clock.now
		const key = (p: (typeof people)[number]) => ({
			sql: `INSERT INTO access_key (id, hash, name, role, models, created_at, owner) VALUES (?1, ?1, ?1, ?2, '["*"]', 0, ?3)
				ON CONFLICT (id) DO UPDATE SET revoked_at = NULL`,
			params: [p.id, p.role, p.owner],
		})
		await base.sql.batch([
			...people.map(key),
			{
				sql: `INSERT INTO model (name, task, risk_tier, tags, positive_label, threshold, sensitive, segments, upstreams,
					retention_ms, created_at, revision) VALUES (?, 'binary', 'high', '[]', '1', 0.5, '[]', '[]', '[]', 1, ?, 1)`,
				params: [name, now],
			},
			...['7', '8', '9'].map((version) => ({
				sql: `INSERT INTO model_version (model, version, features, created_at) VALUES (?, ?, '[]', ?)`,
				params: [name, version, now],
			})),
			{
				sql: `INSERT INTO deployment (model, environment, revision, champion, since) VALUES (?, 'production', 1, '8', ?)`,
				params: [name, now],
			},
		])
		const context = processOf(base, this.target)
		const asked = { kind: 'rollback', model: name, to: '7', reason: 'worse' } as const
		const request = await createRequest(context, actorOf(requester), asked)
		this.id = request.id
		this.digest = request.actionDigest
	}

	/** The request, and its execution once it is approved. */
	private async stored() {
		const [row] = await this.base.sql.all<{
			status: string
			expiresAt: number
			finishedAt: number | null
			actingAt: number | null
			isApproved: number
		}>({
			sql: `SELECT r.status AS status, r.expires_at AS expiresAt, e.finished_at AS finishedAt, e.acting_at AS actingAt,
				e.request IS NOT NULL AS isApproved FROM request r LEFT JOIN execution e ON e.request = r.id WHERE r.id = ?`,
			params: [this.id],
		})
		if (!row) throw new Error('the request is gone')
		return { request: row, execution: row.isApproved === 1 ? row : undefined }
	}

	private async champion(): Promise<string> {
		const [row] = await this.base.sql.all<{ champion: string }>({
			sql: 'SELECT champion FROM deployment WHERE model = ? ORDER BY revision DESC LIMIT 1',
			params: [this.name],
		})
		return row?.champion ?? ''
	}

	private async perform(op: Op): Promise<void> {
		const { base, target, clock } = this
		switch (op.op) {
			case 'vote':
				return this.vote(op)
			case 'votes':
				await Promise.allSettled(
					op.keys.map((key) =>
						castVote(processOf(base, target), actorOf(key), this.id, {
							vote: 'approve',
							actionDigest: this.digest,
							reason: 'seen',
						}),
					),
				)
				return this.adopt()
			case 'revoke':
			case 'restore':
				if (op.op === 'revoke') this.model.active.delete(op.key)
				else this.model.active.add(op.key)
				await base.sql.batch([
					{
						sql: 'UPDATE access_key SET revoked_at = ? WHERE id = ?',
						params: [op.op === 'revoke' ? clock.now : null, op.key],
					},
				])
				return
			case 'advance':
				clock.advance(op.ms)
				return
			case 'setBack':
				clock.jump(-op.ms)
				return
			case 'execute':
				await Promise.allSettled(op.faults.map((f) => executeRequest(processOf(base, target, f), this.id)))
				return
			case 'stall':
				return this.stall(op.ms)
			case 'cancel':
				return this.cancel(op.fault)
			case 'answers':
				target.answers = [...op.answers]
				return
			case 'moved':
				return this.move()
			case 'readable':
			case 'unreadable':
				target.readable = op.op === 'readable'
				return
			case 'arrives':
				target.arrive()
				return
			case 'result':
				// A target reports as done what it has done.
				if (op.status === 'done') target.arrive()
				else if (target.effects > 0 || target.underWay.length > 0) return
				await recordQuietly(processOf(base, target), this.id, op.status)
		}
	}

	private async vote(op: Op & { op: 'vote' }): Promise<void> {
		const { request } = await this.stored()
		const isLate = request.status === 'pending' && request.expiresAt <= this.clock.now
		const hasMoved = (await this.champion()) !== '8'
		const before = { status: request.status, votes: new Map(this.model.votes) }
		this.model.status = request.status
		const expected = this.model.vote(op, isLate, hasMoved)
		const { key, vote, bad, glass, fault } = op
		const actual = await castVote(processOf(this.base, this.target, fault), actorOf(key), this.id, {
			vote,
			actionDigest: bad ? `sha256:${'0'.repeat(64)}` : this.digest,
			reason: 'seen',
			...(glass ? { breakGlass: true } : {}),
		}).then(
			({ isNew }) => (isNew ? 'new' : 'known'),
			(error) => (error instanceof AppError ? error.code : 'fault'),
		)
		if (actual !== expected) {
			// A viewer is refused even if the request cannot be read.
			if (fault && actual === 'forbidden' && key === 'kim') return
			if (!fault || !['fault', 'conflict', 'unavailable'].includes(actual))
				throw new Error(`${key} voted ${vote} and got ${actual}, not ${expected} (${request.status})`)
			await this.settle(key, before)
		}
		const person = personOf(key)
		if (before.votes.get(person)?.glass === false && this.model.votes.get(person)?.glass) this.raised++
	}

	/** After a fault: the vote counts whole or not at all. */
	private async settle(key: Key, before: Pick<Model, 'status' | 'votes'>): Promise<void> {
		const person = personOf(key)
		const stored = await this.base.db.select().from(requestVotes).where(eq(requestVotes.request, this.id))
		const mine = stored.find((v) => personOf(v.actor.slice(4) as Key) === person)
		const { status } = (await this.stored()).request
		if (stored.length === before.votes.size && mine?.breakGlass === before.votes.get(person)?.glass)
			Object.assign(this.model, before)
		else if (stored.length !== this.model.votes.size || status !== this.model.status)
			throw new Error('a vote was stored in part')
		this.model.status = status
	}

	/** Takes over the votes of a concurrent vote, whose order nobody knows. */
	private async adopt(): Promise<void> {
		const stored = await this.base.db.select().from(requestVotes).where(eq(requestVotes.request, this.id))
		for (const [person] of this.model.votes)
			if (!stored.some((v) => personOf(v.actor.slice(4) as Key) === person))
				throw new Error('a vote was lost')
		for (const { actor, vote, breakGlass } of stored) {
			const key = actor.slice(4) as Key
			const known = this.model.votes.get(personOf(key))
			if (known && known.key !== key) throw new Error(`${personOf(key)} has voted twice`)
			if (!known && !this.model.active.has(key)) throw new Error(`${key} was revoked and has voted`)
			this.model.votes.set(personOf(key), { key, vote, glass: breakGlass })
		}
		this.model.status = (await this.stored()).request.status
	}

	/** A process stalls in the middle of a call, and another one goes on without it. */
	private async stall(ms: number): Promise<void> {
		const { base, target, clock } = this
		let open = () => {}
		target.gate = new Promise((resolve) => {
			open = resolve
		})
		const called = new Promise<void>((resolve) => {
			target.onAct = resolve
		})
		const first = executeRequest(processOf(base, target), this.id)
		await Promise.race([called, first])
		target.gate = undefined
		clock.advance(ms)
		await executeRequest(processOf(base, target), this.id)
		open()
		await first
	}

	private async cancel(fault: Fault | undefined): Promise<void> {
		const { execution } = await this.stored()
		const mayNot = execution?.actingAt != null
		const ended = await cancelRequest(
			processOf(this.base, this.target, fault),
			actorOf(requester),
			this.id,
		).then(
			() => 'cancelled',
			(error) => (error instanceof AppError ? error.code : 'fault'),
		)
		if (ended === 'cancelled' && mayNot && (await this.stored()).request.status === 'cancelled')
			throw new Error('it was cancelled although its executor had acted')
	}

	/** Somebody else changes the target, or what serves. */
	private async move(): Promise<void> {
		// What happens after its end says nothing of it.
		if (!follows[(await this.stored()).request.status]) return
		this.target.version = '9'
		if (!this.one.pointer) return
		// The execution may end since the status was read.
		await this.base.sql.batch([
			{
				sql: `INSERT INTO deployment (model, environment, revision, champion, since)
					SELECT model, environment, max(revision) + 1, '9', ?1 FROM deployment WHERE model = ?2
					AND (SELECT status FROM request WHERE id = ?3) IN (SELECT value FROM json_each(?4)) GROUP BY model`,
				params: [this.clock.now, this.name, this.id, JSON.stringify(Object.keys(follows))],
			},
		])
	}

	/** What must hold after every step. */
	private async compare(op: Op): Promise<void> {
		const { request } = await this.stored()
		if (request.status !== 'pending' && this.path.includes('approved') && !this.model.isApproved())
			throw new Error(`approved without enough votes, after ${op.op}`)
		if (this.target.acts > 0 && !this.path.includes('approved'))
			throw new Error('it acted before it was approved')
		if (this.target.effects > 1) throw new Error('it was done twice')
	}

	/** Time passes, and nothing more goes wrong. */
	private async finish(): Promise<void> {
		this.target.readable = true
		this.target.answers = []
		for (let round = 0; round < 80; round++) {
			await executeDue(processOf(this.base, this.target))
			const { request, execution } = await this.stored()
			const isOpen = ['pending', 'approved', 'executing', 'verifying'].includes(request.status)
			if (!isOpen && (!execution || execution.finishedAt !== null)) return
			this.clock.advance(round < 40 ? 5 * minuteMs : dayMs)
		}
		throw new Error(`it is stuck: ${(await this.stored()).request.status}`)
	}

	private async check(): Promise<void> {
		const { request } = await this.stored()
		for (const [i, status] of this.path.slice(1).entries())
			if (!follows[this.path[i] as string]?.includes(status))
				throw new Error(`the status went ${this.path.join(' -> ')}`)
		const entries = await this.base.sql.all<{ action: string }>({
			sql: 'SELECT action FROM ledger_entry WHERE object = ? ORDER BY idx',
			params: [`request:${this.id}`],
		})
		const told = entries
			.map((e) => e.action)
			.filter((action) => action !== 'refuse-vote')
			.join(' ')
		if (!story.test(told)) throw new Error(`the ledger says ${told}`)
		const voted = told.match(/vote-request/g)?.length ?? 0
		if (voted !== this.model.votes.size + this.raised) throw new Error(`${voted} votes are in the ledger`)
		await this.checkEffect(request.status)
	}

	/** What a status says of the effect is true, whatever still arrives. */
	private async checkEffect(status: string): Promise<void> {
		const { target, one } = this
		const moves = await this.base.sql.all<{ n: number }>({
			sql: `SELECT count(*) AS n FROM ledger_entry WHERE action = 'set-deployment' AND object = ?`,
			params: [`deployment:${this.name}/production`],
		})
		const moved = moves[0]?.n ?? 0
		if (moved > 1) throw new Error('the pointer moved twice')
		if (status === 'verified' && !one.pointer && one.canRead && target.version !== '7')
			throw new Error('it is verified, but the target is elsewhere')
		if (status === 'verified' && (await this.champion()) !== '7')
			throw new Error('it is verified, but the pointer is elsewhere')
		target.arrive()
		if (target.effects > 1) throw new Error('it was done twice')
		if (['failed', 'cancelled', 'rejected', 'expired'].includes(status) && target.effects + moved > 0)
			throw new Error(`it is ${status}, but it took effect`)
		if (status !== 'verified' && !one.pointer && moved > 0)
			throw new Error(`it is ${status}, but the pointer moved`)
	}
}

const recordQuietly = (context: Context, id: string, status: 'done' | 'failed') =>
	recordResult(context, id, { status, detail: `reported as ${status}` }).then(
		() => {},
		(error) => {
			if (!(error instanceof AppError)) throw error
		},
	)
