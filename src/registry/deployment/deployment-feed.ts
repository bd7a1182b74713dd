import { getTableColumns, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { getOrInsert } from '../../core/maps.ts'
import { secondMs } from '../../core/time.ts'
import { deployments } from '../../db/schema.ts'
import { refusedKeys } from '../key/find-actor.ts'
import type { Deployment } from './deployment.schema.ts'
import { toDeployment } from './get-deployment.ts'

/** Who follows an environment of a model. */
export type Follower = {
	actor: Actor
	model: string
	environment: string
	/** Called with each deployment, in order; after a pause also with old ones. */
	changed(deployment: Deployment): void
	/** Called when the key of the actor is no longer valid. */
	refused(error: AppError): void
}

/** How often other processes' changes are looked for while somebody follows. Own ones are noticed at once. */
const pollMs = 250
const keyCheckMs = 2 * secondMs
const pageRows = 1000
const retryMs = 5 * secondMs

const position = sql<number>`rowid`
const columns = { position: position.as('position'), ...getTableColumns(deployments) }

/**
 * Tells followers what is deployed, with one query for all of them: deployments are only ever added, so the new ones are
 * those after the last row that was read. Nothing is queried while nobody follows.
 */
export class DeploymentFeed {
	private readonly context: Context
	private readonly everyMs: number
	private readonly followers = new Map<string, Set<Follower>>()
	private count = 0
	private timer: ReturnType<typeof setInterval> | undefined
	/** The last row that was read; undefined before the first follower. */
	private after: number | undefined
	private reading: Promise<void> | undefined
	private readAgain = false
	private keysCheckedAt = 0
	private isFailing = false

	constructor(context: Context, everyMs = pollMs) {
		this.context = context
		this.everyMs = everyMs
	}

	/** Adds a follower, and returns how to remove it. Throws `overloaded` when there are too many. */
	follow(follower: Follower): () => void {
		const { followers: max } = this.context.limits
		if (this.count >= max)
			throw new AppError('overloaded', `${max} requests already follow deployments (limit followers).`, {
				retryAfterMs: retryMs,
			})
		const key = keyOf(follower)
		const those = getOrInsert(this.followers, key, () => new Set())
		those.add(follower)
		this.count++
		this.timer ??= setInterval(() => void this.look(), this.everyMs)
		return () => {
			if (!those.delete(follower)) return
			if (those.size === 0 && this.followers.get(key) === those) this.followers.delete(key)
			if (--this.count > 0) return
			clearInterval(this.timer)
			this.timer = undefined
		}
	}

	/** Resolves when every deployment that is made from now on will reach the followers. */
	async ready(): Promise<void> {
		if (this.after === undefined) await this.read()
	}

	/** What this process has committed. */
	readonly committed = (entries: readonly { action: string }[]): void => {
		if (this.count === 0) return
		if (entries.some(({ action }) => action === 'revoke-key')) this.keysCheckedAt = 0
		else if (!entries.some(({ action }) => action === 'set-deployment')) return
		void this.look()
	}

	private async look(): Promise<void> {
		try {
			await this.read()
			const now = this.context.monotonic()
			if (this.keysCheckedAt === 0 || now - this.keysCheckedAt >= keyCheckMs) {
				this.keysCheckedAt = now
				await this.checkKeys()
			}
			this.isFailing = false
		} catch (error) {
			// The next time may succeed. Once is enough for the log.
			if (!this.isFailing)
				this.context.logger.warn('deployments could not be followed', { error: String(error) })
			this.isFailing = true
		}
	}

	/** One reading at a time, so that rows arrive in order. */
	private read(): Promise<void> {
		this.readAgain = true
		this.reading ??= this.readAll()
		return this.reading
	}

	private async readAll(): Promise<void> {
		try {
			while (this.readAgain) {
				this.readAgain = false
				if (this.after === undefined) this.after = await this.lastPosition()
				else this.readAgain = (await this.readPage(this.after)) || this.readAgain
			}
		} finally {
			this.reading = undefined
		}
	}

	private async lastPosition(): Promise<number> {
		const [last] = await this.context.db
			.select({ at: sql<number>`coalesce(max(rowid), 0)` })
			.from(deployments)
		return last?.at ?? 0
	}

	/** Returns whether there are more. */
	private async readPage(after: number): Promise<boolean> {
		const rows = await this.context.db
			.select(columns)
			.from(deployments)
			.where(sql`rowid > ${after}`)
			.orderBy(position)
			.limit(pageRows)
		for (const { position: at, ...row } of rows) {
			this.after = at
			const deployment = toDeployment(row)
			for (const follower of [...(this.followers.get(keyOf(row)) ?? [])]) follower.changed(deployment)
		}
		return rows.length === pageRows
	}

	private async checkKeys(): Promise<void> {
		const all = [...this.followers.values()].flatMap((those) => [...those])
		const refused = await refusedKeys(this.context, new Set(all.map(({ actor }) => actor.id)))
		if (refused.size === 0) return
		for (const follower of all) {
			const error = refused.get(follower.actor.id)
			if (error) follower.refused(error)
		}
	}
}

const keyOf = ({ model, environment }: { model: string; environment: string }) => `${model}/${environment}`
