import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { checkNames } from './alerting/alert/check-names.ts'
import { publishRules } from './alerting/alert/rules-in-force.ts'
import { type AppOptions, buildApp } from './app.ts'
import {
	artifactSettingsOf,
	type Config,
	defaultRules,
	endpointSettingsOf,
	intentEndpointOf,
	limitsOf,
} from './config.ts'
import type { Context, Logger } from './context.ts'
import { ByteBudget } from './core/byte-budget.ts'
import { readCipherKeys } from './core/cipher.ts'
import { AppError } from './core/errors.ts'
import { secondMs } from './core/time.ts'
import { openDatabase } from './db/database.ts'
import { migrate, openSql } from './db/open-node.ts'
import { finishErasures } from './evidence/erasure/erase-subject.ts'
import { anchorsOf } from './evidence/ledger/anchors.ts'
import { checkpoint } from './evidence/ledger/checkpoint.ts'
import { openLedgerKey } from './evidence/ledger/open-key.ts'
import { verifyOwnLedger } from './evidence/ledger/verify-own-ledger.ts'
import { finishExecutions } from './execution/wake-up.ts'
import type { ProcessUsage, Service, Sessions } from './http/endpoint.ts'
import { metricsOnly } from './http/prometheus.ts'
import { Traffic } from './http/traffic.ts'
import { connectIntegrations } from './integrations/index.ts'
import { jobs, runJobById } from './jobs/index.ts'
import { nodeCodec } from './log/codec/codec-node.ts'
import { openLibsqlLog } from './log/libsql-log-node.ts'
import { openSqlLog } from './log/sql-log.ts'
import { exportedOf } from './monitoring/windows/exported-points.ts'
import { jsonLogger } from './platform/logger.ts'
import { openExplainThreads } from './platform/node/explain-pool.ts'
import { checkpointFileOf, ledgerKeySource } from './platform/node/ledger-key.ts'
import { type Listening, listen } from './platform/node/listen.ts'
import { loadLaw } from './platform/node/load-law.ts'
import { openPeople, type PeopleSource } from './platform/node/load-people.ts'
import { openPolicies, type PolicySource } from './platform/node/load-policies.ts'
import { openRules, type RuleSource } from './platform/node/load-rules.ts'
import { loadOnnxRuntime } from './platform/node/onnx-runtime.ts'
import { openArtifacts } from './platform/node/open-artifacts.ts'
import { openParquetInThread } from './platform/node/parquet.ts'
import { secretReader } from './platform/node/read-secret.ts'
import { pdfRenderer } from './platform/node/render-pdf.ts'
import { pngRenderer } from './platform/node/render-png.ts'
import { startSchedules } from './platform/node/schedule.ts'
import { databaseFailure } from './platform/node/start-failure.ts'
import { openTreeReader } from './platform/node/tree-reader.ts'
import { modelCache } from './registry/artifact/model-cache.ts'
import { createFirstKey, ensureAdminKey } from './registry/key/ensure-admin-key.ts'
import type { RuleSet } from './rules/rule-set.ts'
import { checkSlack, noteSlack } from './slack/connection.ts'
import { resealTokens } from './slack/install/installs.ts'
import { readTokenKeys } from './slack/install/token-cipher.ts'
import { openSlack } from './slack/open-slack.ts'

const processUsage = (): ProcessUsage => {
	const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage()
	const { user, system } = process.cpuUsage()
	return {
		residentBytes,
		heapBytes,
		cpuSeconds: (user + system) / 1e6,
		startedAt: performance.timeOrigin / 1000,
	}
}

const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count))

/** The owner of leases: unique to this process. */
export const processOwner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`

/** A packaged file or folder: next to `src` in the repository, next to `dist` in the package. */
export const packaged = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))

export const { version } = JSON.parse(readFileSync(packaged('package.json'), 'utf8')) as { version: string }

export type Overrides = { logger?: Logger; now?: () => number; needsRules?: boolean; sessions?: Sessions }
export type Opened = { context: Context; rules: RuleSource; close(): Promise<void> }

/**
 * Opens the configured database, migrated, with everything that a use case needs, for commands that act on it directly.
 * Throws AppError with what to do. The caller closes it.
 */
export async function openContext(config: Config, overrides: Overrides = {}): Promise<Opened> {
	const now = overrides.now ?? (() => Date.now())
	const write = (line: string) => void process.stderr.write(line)
	const logger = overrides.logger ?? jsonLogger(write, now, config.PLUMBLINE_LOG_LEVEL)
	const rules = await loadRules(config, logger, overrides.needsRules === true)
	const people = await loadPeople(config, logger, overrides.needsRules === true)
	try {
		await migrateDatabase(config)
		const { sql, log } = await openStore(config)
		const limits = limitsOf(config)
		const threads = openExplainThreads()
		const context: Context = {
			sql,
			db: openDatabase(sql),
			log,
			...openArtifacts(artifactSettingsOf(config), config.PLUMBLINE_DATABASE_URL),
			endpoints: endpointSettingsOf(config),
			intentEndpoint: intentEndpointOf(config),
			onnx: () => loadOnnxRuntime(),
			models: modelCache(limits.modelCacheBytes, now),
			readTrees: openTreeReader(),
			openParquet: openParquetInThread(),
			threads,
			now,
			monotonic: () => performance.now(),
			random,
			fetch: globalThis.fetch,
			logger,
			limits,
			publicUrl: config.PLUMBLINE_PUBLIC_URL ?? `http://${config.PLUMBLINE_HOST}:${config.PLUMBLINE_PORT}`,
			renderPng: pngRenderer(fontsOf(config)),
			renderPdf: pdfRenderer(fontsOf(config)),
			rules,
			people,
			policies: { current: () => policies.current() },
			law: await loadLaw(),
			executors: {},
			readSecret: secretReader(process.env),
		}
		await openLedger(context, config)
		connectIntegrations(context, config)
		const policies = await loadPolicies(config, context, overrides.needsRules === true)
		const close = async () => {
			rules.close()
			people.close()
			policies.close()
			await threads.close()
			await log.close()
		}
		return { context, rules, close }
	} catch (error) {
		throw databaseFailure(error, config.PLUMBLINE_DATABASE_URL)
	}
}

/** The key that signs the ledger, and the newest checkpoint beside the database. */
async function openLedger(context: Context, config: Config): Promise<void> {
	const { PLUMBLINE_LEDGER_KEY: file, PLUMBLINE_LEDGER_ORIGIN: origin, PLUMBLINE_DATABASE_URL: url } = config
	const checkpointFile = checkpointFileOf(url)
	if (checkpointFile) context.checkpointFile = checkpointFile
	context.anchors = anchorsOf(config)
	await openLedgerKey(context, ledgerKeySource(file, url), origin)
}

/** Fonts for pictures, in addition to the packaged one. */
function fontsOf({ PLUMBLINE_FONTS: files = [] }: Config): string[] {
	const missing = files.find((file) => !existsSync(file))
	if (missing === undefined) return files
	throw new AppError('invalid', `PLUMBLINE_FONTS must name font files that exist. It names "${missing}".`)
}

/** Publishes the rules of the service. */
async function useRules(context: Context, ruleSet: RuleSet): Promise<void> {
	try {
		await publishRules(context, ruleSet)
		for (const { message, ...where } of await checkNames(context.sql, ruleSet))
			context.logger.warn(`a rule names what is not registered: ${message}`, where)
	} catch (error) {
		context.logger.error('the rules could not be stored', { error: String(error) })
	}
}

/** Invalid rules stop only what needs rules: other commands work in any folder. */
async function loadRules(config: Config, logger: Logger, areNeeded: boolean): Promise<RuleSource> {
	try {
		return await openRules(rulesFolder(config), { logger })
	} catch (error) {
		if (areNeeded) throw error
		const current = () => {
			throw error
		}
		return { current, follow() {}, close() {} }
	}
}

/** The same for the mapping of people. */
async function loadPeople(config: Config, logger: Logger, isNeeded: boolean): Promise<PeopleSource> {
	try {
		return await openPeople(config.PLUMBLINE_PEOPLE, { logger })
	} catch (error) {
		if (isNeeded) throw error
		const current = () => {
			throw error
		}
		return { current, close() {} }
	}
}

/** The same for the policies, once the executors that they can name are known. */
async function loadPolicies(config: Config, context: Context, areNeeded: boolean): Promise<PolicySource> {
	try {
		return await openPolicies(rulesFolder(config), context)
	} catch (error) {
		if (areNeeded) throw error
		const current = () => {
			throw error
		}
		return { current, close() {} }
	}
}

function rulesFolder({ PLUMBLINE_RULES: folder }: Config): string {
	if (existsSync(folder) || folder === defaultRules) return folder
	throw new AppError('invalid', `PLUMBLINE_RULES must be a folder that exists. It is "${folder}".`)
}

/** Applies pending migrations. Returns their names. */
export async function migrateDatabase(config: Config): Promise<string[]> {
	const { PLUMBLINE_DATABASE_URL: url, PLUMBLINE_DATABASE_TOKEN: token } = config
	try {
		const sql = await openSql(url, token)
		try {
			return await migrate(sql, packaged('migrations'))
		} finally {
			await sql.close()
		}
	} catch (error) {
		throw databaseFailure(error, url)
	}
}

async function openStore(config: Config) {
	const { PLUMBLINE_DATABASE_URL: url, PLUMBLINE_DATABASE_TOKEN: token } = config
	if (url.startsWith('file:')) {
		const given = config.PLUMBLINE_DATA_KEY ?? []
		return openLibsqlLog(url, await readCipherKeys('PLUMBLINE_DATA_KEY', given, secretReader(process.env)))
	}
	const sql = await openSql(url, token)
	return { sql, log: await openSqlLog({ sql, codec: nodeCodec, random }) }
}

/** Encrypted models are refused without their keys, and everything else goes on. */
async function reportMissingKeys(context: Context): Promise<void> {
	const encrypted = await context.sql.all<{ name: string }>({
		sql: 'SELECT name FROM model WHERE encrypt = 1',
	})
	const fault = encrypted.length > 0 ? await context.log.encryptionFault() : undefined
	if (fault !== undefined) context.logger.error(fault, { models: encrypted.map(({ name }) => name) })
}

type Stops = (() => Promise<unknown> | undefined)[]

export type Running = {
	url: string
	/** Where Prometheus scrapes without a key, if a port is set. */
	metricsUrl: string | undefined
	context: Context
	/** The secret of the first key, if one was created. It is shown only once. */
	firstKey: string | undefined
	close(): Promise<void>
}

/** Starts the whole service: HTTP, schedules and Slack. Resolves when it listens. Throws AppError with what to do. */
export async function startServer(config: Config, overrides: Overrides = {}): Promise<Running> {
	// Before anything is made: a port that is taken leaves no database and no key behind.
	await checkPorts(config)
	const opened = await openContext(config, { needsRules: true, ...overrides })
	const { context } = opened
	let isUp = false
	// What a start that fails has recorded is signed by the next one.
	const sign = async () => (isUp ? signLast(context) : undefined)
	const stops: Stops = [opened.close, sign, () => finishExecutions(context)]
	const close = async () => {
		for (const stop of stops.splice(0).reverse()) await stop()
	}
	try {
		const started = await start(config, opened, stops, overrides.sessions)
		isUp = true
		return { ...started, context, close }
	} catch (error) {
		await close()
		throw error
	}
}

/** Verifies the newest part of the ledger, in the background: the start does not wait for it. */
function verifyAtStart(context: Context): () => Promise<void> {
	const work = verifyOwnLedger(context, { isStart: true }).then(
		() => {},
		(error) => context.logger.error('the ledger could not be verified', { error: String(error) }),
	)
	return () => work
}

/** Signs what was added since the last checkpoint, when the service stops. */
const signLast = async (context: Context): Promise<void> => {
	if (!context.ledgerKey) return
	await checkpoint(context).catch((error) =>
		context.logger.error('the last entries of the ledger could not be signed', { error: String(error) }),
	)
}

/** Starts the parts in order. `stops` collects how to stop them, in reverse order. */
async function start(config: Config, { context, rules }: Opened, stops: Stops, sessions?: Sessions) {
	const exported = exportedOf(config)
	const secret = config.PLUMBLINE_ADMIN_KEY
	const firstKey = secret === undefined ? await createFirstKey(context) : undefined
	if (secret !== undefined) await ensureAdminKey(context, secret)
	await reportMissingKeys(context)
	await useRules(context, rules.current())
	rules.follow((ruleSet) => useRules(context, ruleSet))
	const keys = await readTokenKeys(config.PLUMBLINE_TOKEN_KEY ?? [], context.readSecret)
	const slack = await openSlack(context, config, keys)
	if (context.slack) {
		await resealTokens(context, keys)
		await noteSlack(context, context.slack.channel)
		// In the background: an unreachable Slack must not delay the start.
		void checkSlack(context, context.slack)
	}
	const traffic = new Traffic()
	const budget = new ByteBudget(context.limits.bytesInFlight)
	const options: AppOptions = {
		...(slack?.handle ? { slack: slack.handle } : {}),
		...(sessions ? { sessions } : {}),
		version,
		jobs: { list: jobs, run: (id) => runJobById(context, id, processOwner) },
		exported,
		process: processUsage,
		traffic,
		budget,
	}
	const app = buildApp(context, options)
	const { PLUMBLINE_HOST: host, PLUMBLINE_PORT: port } = config
	const listening: Listening = await listen(app.fetch, host, port, context.limits)
	stops.push(listening.close)
	const metricsUrl = await listenForPrometheus(config, { context, options, traffic, budget }, stops)
	if (config.PLUMBLINE_PUBLIC_URL === undefined) context.publicUrl = listening.url
	stops.push(verifyAtStart(context))
	stops.push(await startSchedules(context, processOwner))
	await slack?.start?.()
	stops.push(async () => slack?.stop?.())
	stops.push(resumeRegularly(context, slack?.resume))
	stops.push(resumeErasures(context))
	return { url: listening.url, metricsUrl, firstKey }
}

/** Finishes erasures that a process has left behind. The returned function waits for them. */
function resumeErasures(context: Context): () => Promise<void> {
	const work = finishErasures(context).then(
		() => {},
		(error) => context.logger.error('an erasure could not be finished', { error: String(error) }),
	)
	return () => work
}

const resumeMs = 15 * secondMs

/** Handles events of Slack that were accepted and not finished, now and then. The returned function stops that. */
function resumeRegularly(
	{ logger }: Context,
	resume: (() => Promise<void>) | undefined,
): () => Promise<void> {
	const work = () =>
		resume?.().catch((error) => logger.error('events of Slack could not be read', { error: String(error) }))
	let last = work()
	const timer = setInterval(() => {
		last = work()
	}, resumeMs)
	return async () => {
		clearInterval(timer)
		await last
	}
}

/** Listens on each port for a moment. Rejects with what to do when it cannot. */
async function checkPorts(config: Config): Promise<void> {
	const { PLUMBLINE_HOST: host, PLUMBLINE_METRICS_HOST: metricsHost = host } = config
	const nobody = () => new Response(null, { status: 503 })
	const ports = [
		[host, config.PLUMBLINE_PORT, 'PLUMBLINE'],
		[metricsHost, config.PLUMBLINE_METRICS_PORT, 'PLUMBLINE_METRICS'],
	] as const
	for (const [at, port, prefix] of ports)
		if (port) await (await listen(nobody, at, port, limitsOf(config), prefix)).close()
}

/** Listens on PLUMBLINE_METRICS_PORT, if it is set. */
async function listenForPrometheus(
	config: Config,
	service: Service,
	stops: Stops,
): Promise<string | undefined> {
	const { PLUMBLINE_METRICS_PORT: port, PLUMBLINE_METRICS_HOST: host = config.PLUMBLINE_HOST } = config
	if (port === undefined) return undefined
	const { url, close } = await listen(
		metricsOnly(service),
		host,
		port,
		service.context.limits,
		'PLUMBLINE_METRICS',
	)
	stops.push(close)
	return `${url}/metrics`
}
