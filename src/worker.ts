import { waitUntil } from 'cloudflare:workers'
import manifest from '../package.json' with { type: 'json' }
import { publishRules } from './alerting/alert/rules-in-force.ts'
import { buildApp } from './app.ts'
import {
	artifactSettingsOf,
	type Config,
	endpointSettingsOf,
	intentEndpointOf,
	limitsOf,
	readConfig,
	unknownSettings,
} from './config.ts'
import type { Context } from './context.ts'
import { AppError } from './core/errors.ts'
import { secretOf } from './core/secret-reference.ts'
import { openDatabase } from './db/database.ts'
import { type D1, openWebSql, overD1 } from './db/open-worker.ts'
import type { Sql } from './db/sql.ts'
import { anchorsOf } from './evidence/ledger/anchors.ts'
import { type KeySource, openLedgerKey } from './evidence/ledger/open-key.ts'
import { connectIntegrations } from './integrations/index.ts'
import { jobs, runAll, runJobById } from './jobs/index.ts'
import { webCodec } from './log/codec/codec.ts'
import { openedLog, openSqlLog } from './log/sql-log.ts'
import { exportedOf } from './monitoring/windows/exported-points.ts'
import { jsonLogger } from './platform/logger.ts'
import { workerLaw } from './platform/worker/law.ts'
import { workerPolicies, workerRules } from './platform/worker/rules.ts'
import { modelCache } from './registry/artifact/model-cache.ts'
import { openWebArtifacts, type R2 } from './registry/artifact/open-web-artifacts.ts'
import { ensureAdminKey } from './registry/key/ensure-admin-key.ts'
import { nobody } from './registry/person/people-file.ts'
import { resealTokens } from './slack/install/installs.ts'
import { readTokenKeys } from './slack/install/token-cipher.ts'
import { openSlack } from './slack/open-slack.ts'

/** Bindings and variables of the worker: a D1 database as `DB`, an R2 bucket as `ARTIFACTS`, and the settings. */
type Env = { DB?: D1; ARTIFACTS?: R2; [name: string]: unknown }
type Service = { context: Context; fetch: (request: Request) => Response | Promise<Response> }

const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count))
const now = () => Date.now()
const logger = jsonLogger((line) => console.log(line.trimEnd()), now)
const defaultOrigin = 'http://127.0.0.1:8787'
/** An isolate has 128 MB for everything. */
const maxModelBytes = 48 * 2 ** 20
const owner = () => `worker/${crypto.randomUUID()}`

function openSql(env: Env, config: Config): Sql {
	if (env.DB) return overD1(env.DB)
	const url = config.PLUMBLINE_DATABASE_URL
	if (url.startsWith('file:'))
		throw new AppError(
			'invalid',
			'Bind a D1 database as DB, or set PLUMBLINE_DATABASE_URL to a libSQL server.',
		)
	return openWebSql(url, config.PLUMBLINE_DATABASE_TOKEN)
}

const openLog = (sql: Sql) => openSqlLog({ sql, codec: webCodec, random })

/** The same context with one log for all calls of a job. */
function forJob(context: Context): Context {
	let log: ReturnType<typeof openLog> | undefined
	const open = () => {
		log ??= openLog(context.sql)
		return log
	}
	return { ...context, log: openedLog(open) }
}

async function openService(env: Env, origin: string): Promise<Service> {
	const config = readConfig(env)
	for (const message of unknownSettings(env)) logger.warn(message)
	if (config.PLUMBLINE_PEOPLE !== undefined)
		throw new AppError(
			'invalid',
			'PLUMBLINE_PEOPLE is a file, and workers have none. Map people with PUT /v1/slack/users.',
		)
	const sql = openSql(env, config)
	const ruleSet = await workerRules()
	const limits = limitsOf(config)
	const context: Context = {
		sql,
		db: openDatabase(sql),
		log: openedLog(() => openLog(sql)),
		endpoints: endpointSettingsOf(config),
		intentEndpoint: intentEndpointOf(config),
		...openWebArtifacts(artifactSettingsOf(config), env.ARTIFACTS),
		models: modelCache(Math.min(limits.modelCacheBytes, maxModelBytes), now, false),
		now,
		monotonic: () => performance.now(),
		random,
		fetch: (input, init) => fetch(input, init),
		logger,
		limits,
		publicUrl: config.PLUMBLINE_PUBLIC_URL ?? origin,
		rules: { current: () => ruleSet },
		policies: { current: () => policies },
		law: workerLaw,
		executors: {},
		people: { current: () => nobody },
		readSecret: async (reference) => secretOf(reference, env),
		background: waitUntil,
	}
	context.anchors = anchorsOf(config)
	await openLedgerKey(context, keyBinding(config.PLUMBLINE_LEDGER_KEY), config.PLUMBLINE_LEDGER_ORIGIN)
	connectIntegrations(context, config)
	const policies = await workerPolicies(context.executors)
	if (config.PLUMBLINE_ADMIN_KEY !== undefined) await ensureAdminKey(context, config.PLUMBLINE_ADMIN_KEY)
	const run = (id: string) => runJobById(forJob(context), id, owner())
	const slack = await slackOf(context, config)
	const { version } = manifest
	const options = { version, isolated: true, jobs: { list: jobs, run }, exported: exportedOf(config) }
	const { fetch: answerApp } = buildApp(context, { ...options, ...(slack ? { slack } : {}) })
	return { context, fetch: answerApp }
}

/** On workers a secret holds the key itself. */
const keyBinding = (pem: string | undefined): KeySource | undefined =>
	pem === undefined ? undefined : { where: 'The secret PLUMBLINE_LEDGER_KEY', read: async () => pem }

/** A new Bolt for each request, since its queues belong to one request. Socket Mode is not possible on workers. */
async function slackOf(context: Context, config: Config) {
	const settings = { ...config, SLACK_APP_TOKEN: undefined }
	const keys = await readTokenKeys(config.PLUMBLINE_TOKEN_KEY ?? [], context.readSecret)
	if (!(await openSlack(context, settings, keys))?.handle) return undefined
	await resealTokens(context, keys)
	return async (request: Request): Promise<Response> => {
		const slack = await openSlack(context, settings, keys)
		const resumed = slack
			?.resume?.()
			.catch((error) => logger.error('events of Slack could not be read', { error }))
		if (resumed) context.background?.(resumed)
		return slack?.handle ? slack.handle(request) : new Response(null, { status: 404 })
	}
}

// Kept between requests as a value, not as a promise: a request must not wait for the work of another one.
let service: Service | undefined

async function answer(request: Request, env: Env): Promise<Response> {
	try {
		service ??= await openService(env, new URL(request.url).origin)
		return await service.fetch(request)
	} catch (error) {
		logger.error('a request could not be served', { error })
		const detail =
			error instanceof AppError
				? error.textFor('http')
				: 'The worker is not set up. Its log says what is missing.'
		const problem = {
			title: 'Currently unavailable',
			status: 503,
			code: 'unavailable',
			detail,
			errors: [],
		}
		const headers = { 'content-type': 'application/problem+json', 'retry-after': '30' }
		return new Response(JSON.stringify(problem), { status: 503, headers })
	}
}

export default {
	fetch: answer,
	/** Cron triggers have no job names: all jobs that are due run, in order. */
	async scheduled(_event: unknown, env: Env): Promise<void> {
		const { context } = await openService(env, defaultOrigin)
		await publishRules(context, context.rules.current())
		const runs = await runAll(forJob(context), owner())
		logger.info('scheduled run', { jobs: runs.map((run) => `${run.job} ${run.status}`) })
	},
}
