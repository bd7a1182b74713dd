import { buildApp } from './app.ts'
import { type Config, limitsOf, readConfig } from './config.ts'
import type { Context } from './context.ts'
import { AppError } from './core/errors.ts'
import { openDatabase } from './db/database.ts'
import { type D1, openWebSql, overD1 } from './db/open-worker.ts'
import type { Sql } from './db/sql.ts'
import { jobs, runAll, runJobById } from './jobs/index.ts'
import { lazyLog } from './log/lazy-log.ts'
import { openSqlLog } from './log/sql-log.ts'
import { webCodec } from './log/web-codec.ts'
import { jsonLogger } from './logger.ts'
import type { RuleSet } from './rules/rule-set.ts'
import { ensureAdminKey } from './services/key/ensure-admin-key.ts'
import { workerRules } from './worker-rules.ts'

/** Bindings and variables of the worker: a D1 database as `DB`, and the settings of the environment. */
export type Env = { DB?: D1; [name: string]: unknown }

const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count))
const now = () => Date.now()
const logger = jsonLogger((line) => console.log(line.trimEnd()), now)

function openStore(env: Env, config: Config): Sql {
	if (env.DB) return overD1(env.DB)
	const url = config.PLUMBLINE_DATABASE_URL
	if (url.startsWith('file:'))
		throw new AppError('invalid', 'Bind a D1 database as DB, or set PLUMBLINE_DATABASE_URL to a libSQL server.')
	return openWebSql(url, config.PLUMBLINE_DATABASE_TOKEN)
}

// What is kept between requests must not wait for anything of another request: values only, no promises.
let rules: RuleSet | undefined
let adminKey: string | undefined

/** A context of one request or one scheduled run. Nothing in it outlives that. */
async function openContext(env: Env, origin: string): Promise<Context> {
	const config = readConfig(env)
	const sql = openStore(env, config)
	const ruleSet = rules ?? (await workerRules())
	rules = ruleSet
	const context: Context = {
		sql,
		db: openDatabase(sql),
		log: lazyLog(() => openSqlLog({ sql, codec: webCodec, random })),
		now,
		random,
		fetch: (input, init) => fetch(input, init),
		logger,
		limits: limitsOf(config),
		publicUrl: config.PLUMBLINE_PUBLIC_URL ?? origin,
		rules: { current: () => ruleSet },
	}
	const secret = config.PLUMBLINE_ADMIN_KEY
	if (secret !== undefined && secret !== adminKey) await ensureAdminKey(context, secret)
	adminKey = secret
	return context
}

const owner = () => `worker/${crypto.randomUUID()}`

async function answer(request: Request, env: Env): Promise<Response> {
	try {
		const context = await openContext(env, new URL(request.url).origin)
		const run = (id: string) => runJobById(context, id, owner())
		return await buildApp(context, { jobs: { list: jobs, run } }).fetch(request)
	} catch (error) {
		logger.error('a request could not be served', { error })
		const detail = error instanceof AppError ? error.message : 'The worker is not set up. Its log says what is missing.'
		return Response.json({ code: 'unavailable', status: 503, detail }, { status: 503, headers: { 'retry-after': '30' } })
	}
}

export default {
	fetch: answer,
	/** Cron triggers have no job names: everything that is due runs, in order. */
	async scheduled(_event: unknown, env: Env): Promise<void> {
		const runs = await runAll(await openContext(env, 'http://127.0.0.1:8787'), owner())
		logger.info('scheduled run', { jobs: runs.map((run) => `${run.job} ${run.status}`) })
	},
}
