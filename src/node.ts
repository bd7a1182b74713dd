import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { serve } from '@hono/node-server'
import cron from 'node-cron'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'
import { type Context, defaultLimits, type Logger } from './context.ts'
import { AppError } from './core/errors.ts'
import { openDatabase } from './db/database.ts'
import { migrate, openSql } from './db/open-node.ts'
import { jobs, runJobById } from './jobs/index.ts'
import { nodeCodec } from './log/codec-node.ts'
import { openLibsqlLog } from './log/libsql.ts'
import { openSqlLog } from './log/sql-log.ts'
import { jsonLogger } from './logger-node.ts'
import { loadRules } from './rules/load-rules-node.ts'
import { ensureAdminKey } from './services/key/ensure-admin-key.ts'
import { openSlack } from './slack/open-slack.ts'

/** A folder that comes with the package: `migrations` or `rules`, beside the source or beside what was emitted from it. */
export function packaged(name: string): string {
	for (const up of ['../', '../../']) {
		const path = fileURLToPath(new URL(up + name, import.meta.url))
		if (existsSync(path)) return path
	}
	throw new AppError('internal', `The package is incomplete: ${name} is missing.`)
}

export const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count))
export const processOwner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`

export type Opened = { context: Context; close(): Promise<void> }
type Overrides = { logger?: Logger; now?: () => number; publicUrl?: string; watchRules?: boolean }

/** The database of the configuration, migrated, and all that a use case needs. */
export async function openContext(config: Config, overrides: Overrides = {}): Promise<Opened> {
	const now = overrides.now ?? (() => Date.now())
	const logger = overrides.logger ?? jsonLogger((line) => process.stderr.write(line), now)
	const url = config.PLUMBLINE_DATABASE_URL
	await migrateDatabase(config)
	const { sql, log } = url.startsWith('file:') ? await openLibsqlLog(url) : await openRemote(config)
	const rulesFolder = existsSync(config.PLUMBLINE_RULES) ? config.PLUMBLINE_RULES : packaged('rules')
	const rules = await loadRules(rulesFolder, { logger, watch: overrides.watchRules === true })
	const context: Context = {
		sql,
		db: openDatabase(sql),
		log,
		now,
		random,
		fetch: globalThis.fetch,
		logger,
		limits: defaultLimits,
		publicUrl: overrides.publicUrl ?? config.PLUMBLINE_PUBLIC_URL ?? `http://${config.PLUMBLINE_HOST}:${config.PLUMBLINE_PORT}`,
		rules,
	}
	const close = async () => {
		rules.close()
		await log.close()
	}
	return { context, close }
}

/** Brings the database up to the newest migration. Answers the names of those it applied. */
export async function migrateDatabase(config: Config): Promise<string[]> {
	const sql = await openSql(config.PLUMBLINE_DATABASE_URL, config.PLUMBLINE_DATABASE_TOKEN)
	try {
		return await migrate(sql, packaged('migrations'))
	} finally {
		await sql.close()
	}
}

async function openRemote(config: Config) {
	const sql = await openSql(config.PLUMBLINE_DATABASE_URL, config.PLUMBLINE_DATABASE_TOKEN)
	return { sql, log: await openSqlLog({ sql, codec: nodeCodec, random }) }
}

export type Running = { url: string; context: Context; close(): Promise<void> }

/** The whole service: HTTP, schedules and Slack. Resolves when it listens. Throws AppError with what to do. */
export async function startServer(config: Config, overrides: Overrides = {}): Promise<Running> {
	const opened = await openContext(config, { watchRules: true, ...overrides })
	const { context } = opened
	try {
		if (config.PLUMBLINE_ADMIN_KEY !== undefined) await ensureAdminKey(context, config.PLUMBLINE_ADMIN_KEY)
		const slack = await openSlack(context, config)
		const app = buildApp(context, {
			...(slack ? { slack: slack.handle } : {}),
			jobs: { list: jobs, run: (id) => runJobById(context, id, processOwner) },
		})
		const server = await listen(app.fetch, config)
		const url = `http://${config.PLUMBLINE_HOST}:${(server.address() as AddressInfo).port}`
		if (config.PLUMBLINE_PUBLIC_URL === undefined) context.publicUrl = overrides.publicUrl ?? url
		const schedules = jobs.map((job) =>
			cron.schedule(job.cron, async () => void (await runJobById(context, job.id, processOwner)), { timezone: 'UTC', noOverlap: true }),
		)
		await slack?.start?.()
		const close = async () => {
			for (const schedule of schedules) await schedule.stop()
			await slack?.stop?.()
			await closeServer(server)
			await opened.close()
		}
		return { url, context, close }
	} catch (error) {
		await opened.close()
		throw error
	}
}

type Server = ReturnType<typeof serve>

function listen(fetch: Parameters<typeof serve>[0]['fetch'], config: Config): Promise<Server> {
	const { PLUMBLINE_PORT: port, PLUMBLINE_HOST: host } = config
	return new Promise((resolve, reject) => {
		const server = serve({ fetch, hostname: host, port }, () => resolve(server))
		server.on('error', (error: NodeJS.ErrnoException) => {
			const busy = error.code === 'EADDRINUSE'
			const message = busy
				? `Port ${port} on ${host} is taken. Stop what listens there, or set PLUMBLINE_PORT to a free port.`
				: `Cannot listen on ${host}:${port}: ${error.message}. Check PLUMBLINE_HOST and PLUMBLINE_PORT.`
			reject(new AppError('unavailable', message, { cause: error }))
		})
	})
}

const drainMs = 10_000

/** Takes no new connections, lets running requests end, then cuts what is left. */
function closeServer(server: Server): Promise<void> {
	return new Promise((resolve) => {
		const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), drainMs)
		server.close(() => {
			clearTimeout(cut)
			resolve()
		})
		if ('closeIdleConnections' in server) server.closeIdleConnections()
	})
}
