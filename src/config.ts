import { z } from 'zod'
import type { Context } from './context.ts'
import { AppError } from './core/errors.ts'
import { defaultLimits, type Limits } from './core/limits.ts'
import { nearest } from './core/nearest.ts'
import { secretReference } from './core/secret-reference.ts'
import { logLevels } from './platform/logger.ts'
import type { ArtifactSettings } from './registry/artifact/artifact-source.ts'

const text = z.string().min(1)
const httpUrl = z
	.url({ protocol: /^https?$/, error: 'must be a URL such as https://plumbline.example.com' })
	.transform((url) => url.replace(/\/+$/, ''))

const databaseUrl = text
	.regex(
		/^(file:.|(libsql|https?|wss?):\/\/.)/,
		'must be file:<path>, or the address of a libSQL server: libsql://… or http(s)://…',
	)
	.default('file:plumbline.db')

const port = z
	.string()
	.regex(/^\d+$/, 'must be a port: a number from 0 to 65535')
	.transform(Number)
	.refine((n) => n <= 65_535, 'must be a port: a number from 0 to 65535')

const adminKey = z
	.string()
	.min(16, 'must have 16 characters or more')
	.regex(/^\S*$/, 'must not contain white space')

export const defaultPort = 8787

/** The folder of rule files. If it does not exist, the packaged rules apply. */
export const defaultRules = 'rules'

const count = z
	.string()
	.regex(/^[1-9]\d{0,14}$/, 'must be a whole number of 1 or more')
	.transform(Number)
const limit = count.optional()

const splitList = (text: string): string[] =>
	text
		.split(',')
		.map((item) => item.trim())
		.filter((item) => item !== '')
const list = text.transform(splitList)

const limitNames = {
	jsonBytes: 'PLUMBLINE_LIMIT_JSON_BYTES',
	objectBytes: 'PLUMBLINE_LIMIT_OBJECT_BYTES',
	objectValues: 'PLUMBLINE_LIMIT_OBJECT_VALUES',
	bodyBytes: 'PLUMBLINE_LIMIT_BODY_BYTES',
	openBytes: 'PLUMBLINE_LIMIT_OPEN_BYTES',
	parquetBytes: 'PLUMBLINE_LIMIT_PARQUET_BYTES',
	bytesInFlight: 'PLUMBLINE_LIMIT_BYTES_IN_FLIGHT',
	bodyLines: 'PLUMBLINE_LIMIT_BODY_LINES',
	bodyCpuMs: 'PLUMBLINE_LIMIT_BODY_CPU_MS',
	bodyMs: 'PLUMBLINE_LIMIT_BODY_MS',
	bodyBytesPerSecond: 'PLUMBLINE_LIMIT_BODY_BYTES_PER_SECOND',
	valuesPerRow: 'PLUMBLINE_LIMIT_VALUES_PER_ROW',
	lineBytes: 'PLUMBLINE_LIMIT_LINE_BYTES',
	gunzippedBytes: 'PLUMBLINE_LIMIT_GUNZIPPED_BYTES',
	gunzipRatio: 'PLUMBLINE_LIMIT_GUNZIP_RATIO',
	featuresPerRow: 'PLUMBLINE_LIMIT_FEATURES_PER_ROW',
	stringBytes: 'PLUMBLINE_LIMIT_STRING_BYTES',
	idCharacters: 'PLUMBLINE_LIMIT_ID_CHARACTERS',
	futureMs: 'PLUMBLINE_LIMIT_FUTURE_MS',
	artifactBytes: 'PLUMBLINE_LIMIT_ARTIFACT_BYTES',
	modelCacheBytes: 'PLUMBLINE_LIMIT_MODEL_CACHE_BYTES',
	connections: 'PLUMBLINE_LIMIT_CONNECTIONS',
	followers: 'PLUMBLINE_LIMIT_FOLLOWERS',
	headerBytes: 'PLUMBLINE_LIMIT_HEADER_BYTES',
	headers: 'PLUMBLINE_LIMIT_HEADERS',
	headersMs: 'PLUMBLINE_LIMIT_HEADERS_MS',
} as const satisfies Record<keyof Limits, string>

type LimitName = (typeof limitNames)[keyof Limits]
const limitFields = Object.fromEntries(Object.values(limitNames).map((name) => [name, limit])) as Record<
	LimitName,
	typeof limit
>

/** The settings of the service, from the environment. Only the roots read them. */
export const Config = z.object({
	PLUMBLINE_DATABASE_URL: databaseUrl,
	PLUMBLINE_DATABASE_TOKEN: text.optional(),
	PLUMBLINE_PORT: port.default(defaultPort),
	PLUMBLINE_HOST: text.default('127.0.0.1'),
	/** A separate port for Prometheus, without a key. Absent: `/metrics` on the port of the service, with a key. */
	PLUMBLINE_METRICS_PORT: port.optional(),
	/** Absent: PLUMBLINE_HOST. */
	PLUMBLINE_METRICS_HOST: text.optional(),
	/** Ids of metrics whose latest values are exported to Prometheus, separated by commas. */
	PLUMBLINE_PROMETHEUS_METRICS: list.optional(),
	/** Maximum number of their series. */
	PLUMBLINE_PROMETHEUS_SERIES: count.default(10_000),
	PLUMBLINE_RULES: text.default(defaultRules),
	/** A YAML file that gives Slack users roles. */
	PLUMBLINE_PEOPLE: text.optional(),
	/** Keys for Slack's tokens at rest, the newest first, separated by commas: base64, or references to it. */
	PLUMBLINE_TOKEN_KEY: list.optional(),
	/** Keys for the rows of encrypted models, the newest first, separated by commas: base64, or references to it. */
	PLUMBLINE_DATA_KEY: list.optional(),
	/** Font files (TTF, OTF, TTC) for further scripts in pictures, separated by commas. */
	PLUMBLINE_FONTS: list.optional(),
	PLUMBLINE_ADMIN_KEY: adminKey.optional(),
	/** The file of the Ed25519 key that signs the ledger. Absent: `<database>-ledger.key`, made once. On workers: the key itself. */
	PLUMBLINE_LEDGER_KEY: text.optional(),
	/** The name of the log. Absent: the one that it has, at first `plumbline`. */
	PLUMBLINE_LEDGER_ORIGIN: text
		.regex(
			/^[^\s+\p{C}]{1,200}$/u,
			'must be a name of at most 200 characters, without white space and plus signs',
		)
		.optional(),
	/** A witness (C2SP tlog-witness), and its verifier key. */
	PLUMBLINE_LEDGER_WITNESS: httpUrl.optional(),
	PLUMBLINE_LEDGER_WITNESS_KEY: text.optional(),
	/** A time-stamping authority (RFC 3161). */
	PLUMBLINE_LEDGER_TSA: httpUrl.optional(),
	/** The base of links. Absent: the address that the service listens on. */
	PLUMBLINE_PUBLIC_URL: httpUrl.optional(),
	PLUMBLINE_LOG_LEVEL: z.enum(logLevels, { error: 'must be info, warn or error' }).default('info'),
	PLUMBLINE_URL: httpUrl.default(`http://127.0.0.1:${defaultPort}`),
	PLUMBLINE_KEY: text.optional(),
	/** A language model (OpenAI's chat completions) that chooses a command for words that are not understood. */
	PLUMBLINE_INTENT_URL: httpUrl.optional(),
	PLUMBLINE_INTENT_MODEL: text.optional(),
	PLUMBLINE_INTENT_KEY: text.optional(),
	SLACK_BOT_TOKEN: text.startsWith('xoxb-', 'must be a bot token (xoxb-…)').optional(),
	SLACK_SIGNING_SECRET: text.optional(),
	SLACK_APP_TOKEN: text.startsWith('xapp-', 'must be an app-level token (xapp-…)').optional(),
	SLACK_API_URL: z.url('must be a URL').optional(),
	SLACK_CHANNEL: text.optional(),
	/** `native`: Slack draws charts itself. */
	SLACK_CHARTS: z.enum(['picture', 'native'], { error: 'must be picture or native' }).optional(),
	/** With these other workspaces can install the app. */
	SLACK_CLIENT_ID: text.optional(),
	SLACK_CLIENT_SECRET: text.optional(),
	/** An MLflow tracking server, with basic authentication or a bearer token. */
	PLUMBLINE_MLFLOW_URL: httpUrl.optional(),
	PLUMBLINE_MLFLOW_USERNAME: text.optional(),
	PLUMBLINE_MLFLOW_PASSWORD: text.optional(),
	PLUMBLINE_MLFLOW_TOKEN: text.optional(),
	/** The secret of the webhook in MLflow that posts to /ingest/mlflow/webhook. */
	PLUMBLINE_MLFLOW_WEBHOOK_SECRET: text.optional(),
	/** A GitHub App whose deployment protection rule asks here: the secret of its webhook, its id, and where its key is. */
	PLUMBLINE_GITHUB_WEBHOOK_SECRET: text.optional(),
	PLUMBLINE_GITHUB_APP_ID: text.optional(),
	PLUMBLINE_GITHUB_APP_KEY: text.regex(secretReference, 'must be env:NAME or file:PATH').optional(),
	PLUMBLINE_GITHUB_API: httpUrl.default('https://api.github.com'),
	/** A catalogue that receives OpenLineage events. */
	PLUMBLINE_OPENLINEAGE_URL: httpUrl.optional(),
	PLUMBLINE_OPENLINEAGE_API_KEY: text.optional(),
	PLUMBLINE_OPENLINEAGE_NAMESPACE: text.optional(),
	/** Where model files are stored. Absent: a folder next to the database, or the bucket bound to the worker. */
	PLUMBLINE_ARTIFACTS_URL: text
		.regex(
			/^(file:.|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$))/,
			'must be file:<folder> or s3://<bucket>/<prefix>',
		)
		.optional(),
	/** The only folder from which `file:` URIs of artefacts are read. Absent: none. */
	PLUMBLINE_ARTIFACT_FILES: text.optional(),
	/** Private hosts, or hosts without TLS, that artefacts may be read from, separated by commas. */
	PLUMBLINE_ARTIFACT_HOSTS: text.optional(),
	/** Hosts of model endpoints that may be called for estimates, separated by commas; `*` matches any characters. */
	PLUMBLINE_ENDPOINT_HOSTS: text.optional(),
	/** The bearer token for model endpoints. */
	PLUMBLINE_ENDPOINT_TOKEN: text.optional(),
	AWS_ACCESS_KEY_ID: text.optional(),
	AWS_SECRET_ACCESS_KEY: text.optional(),
	AWS_SESSION_TOKEN: text.optional(),
	AWS_REGION: text.optional(),
	AWS_ENDPOINT_URL: httpUrl.optional(),
	AWS_ENDPOINT_URL_S3: httpUrl.optional(),
	...limitFields,
})
export type Config = z.output<typeof Config>

/** Faults between settings, by the name of the setting to change. */
function faultsBetween(env: Readonly<Record<string, string>>): [name: string, message: string][] {
	const faults: [string, string][] = []
	const { SLACK_BOT_TOKEN: bot, SLACK_SIGNING_SECRET: secret, SLACK_APP_TOKEN: app } = env
	const { PLUMBLINE_MLFLOW_USERNAME: user, PLUMBLINE_MLFLOW_TOKEN: token } = env
	if (env.PLUMBLINE_MLFLOW_URL === undefined && (user ?? token) !== undefined)
		faults.push(['PLUMBLINE_MLFLOW_URL', 'is required with the other settings of MLflow'])
	if (user !== undefined && token !== undefined)
		faults.push([
			'PLUMBLINE_MLFLOW_TOKEN',
			'cannot be combined with PLUMBLINE_MLFLOW_USERNAME: set only one of them',
		])
	if (env.PLUMBLINE_OPENLINEAGE_URL === undefined && env.PLUMBLINE_OPENLINEAGE_API_KEY !== undefined)
		faults.push(['PLUMBLINE_OPENLINEAGE_URL', 'is required with PLUMBLINE_OPENLINEAGE_API_KEY'])
	const github = ['PLUMBLINE_GITHUB_WEBHOOK_SECRET', 'PLUMBLINE_GITHUB_APP_ID', 'PLUMBLINE_GITHUB_APP_KEY']
	const missing = github.filter((name) => env[name] === undefined)
	if (missing.length < github.length)
		for (const name of missing) faults.push([name, 'is required with the other settings of the GitHub App'])
	if (bot === undefined && (secret ?? app) !== undefined)
		faults.push(['SLACK_BOT_TOKEN', 'is required with the other settings of Slack'])
	if (bot !== undefined && secret === undefined && app === undefined)
		faults.push([
			'SLACK_SIGNING_SECRET',
			'is required with SLACK_BOT_TOKEN (or SLACK_APP_TOKEN, for Socket Mode)',
		])
	const { PLUMBLINE_INTENT_URL: intentUrl, PLUMBLINE_INTENT_MODEL: intentModel } = env
	if (intentUrl === undefined && (intentModel ?? env.PLUMBLINE_INTENT_KEY) !== undefined)
		faults.push(['PLUMBLINE_INTENT_URL', 'is required with the other settings of intents'])
	if (intentUrl !== undefined && intentModel === undefined)
		faults.push(['PLUMBLINE_INTENT_MODEL', 'is required with PLUMBLINE_INTENT_URL'])
	const { SLACK_CLIENT_ID: client, SLACK_CLIENT_SECRET: clientSecret } = env
	for (const name of ['SLACK_CLIENT_ID', 'SLACK_CLIENT_SECRET', 'PLUMBLINE_TOKEN_KEY'])
		if ((client ?? clientSecret) !== undefined && env[name] === undefined)
			faults.push([name, 'is required to let other workspaces install the app of Slack'])
	const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, PLUMBLINE_ARTIFACTS_URL: artifacts } = env
	const isNeeded = artifacts?.startsWith('s3:') === true
	if (id === undefined && (isNeeded || key !== undefined))
		faults.push(['AWS_ACCESS_KEY_ID', `is required for ${isNeeded ? artifacts : 'AWS_SECRET_ACCESS_KEY'}`])
	if (key === undefined && (isNeeded || id !== undefined))
		faults.push(['AWS_SECRET_ACCESS_KEY', `is required for ${isNeeded ? artifacts : 'AWS_ACCESS_KEY_ID'}`])
	return faults
}

type Environment = Readonly<Record<string, unknown>>

const isSecret = (name: string) => /KEY|TOKEN|SECRET|PASSWORD/.test(name)

/** The value of a setting in a message, without secrets. */
const shown = (name: string, value: string | undefined): string =>
	value === undefined || isSecret(name)
		? ''
		: ` It is ${JSON.stringify(value.replace(/\/\/[^/@]*@/, '//…@').replace(/\?.*/s, '?…'))}.`

/** Reads the environment. Empty values count as absent. Throws `invalid` with a line for each invalid setting. */
export function readConfig(env: Environment): Config {
	const given = Object.fromEntries(
		Object.entries(env).filter((e): e is [string, string] => typeof e[1] === 'string' && e[1] !== ''),
	)
	const result = Config.safeParse(given)
	const own = result.success ? [] : result.error.issues.map((i) => [String(i.path[0]), i.message] as const)
	// A setting that is invalid by itself is reported once.
	const right = Object.fromEntries(Object.entries(given).filter(([name]) => !own.some(([n]) => n === name)))
	const faults = new Map([...faultsBetween(right), ...own])
	if (result.success && faults.size === 0) return result.data
	throw new AppError(
		'invalid',
		[...faults].map(([name, message]) => `${name} ${message}.${shown(name, given[name])}`).join('\n'),
	)
}

/** Variables of the tests. */
const ofTests = /^PLUMBLINE_(PEERS_\w+|MLFLOW_PYTHON|MOTO_SERVER|ONNXRUNTIME)$/

/** A warning for each variable that looks like a setting but is none, with the nearest setting. */
export function unknownSettings(env: Environment): string[] {
	const known = Object.keys(Config.shape)
	return Object.keys(env).flatMap((name) => {
		const prefix = /^(PLUMBLINE|SLACK)_/.exec(name)?.[0]
		if (prefix === undefined || known.includes(name) || ofTests.test(name)) return []
		const rest = known.filter((k) => k.startsWith(prefix)).map((k) => k.slice(prefix.length))
		const near = nearest(name.slice(prefix.length), rest)
		// Other programs also have variables that begin with SLACK_.
		if (near === undefined && prefix === 'SLACK_') return []
		return [`${name} is not a setting and has no effect.${near ? ` Did you mean ${prefix}${near}?` : ''}`]
	})
}

/** The limits of requests: from the environment, otherwise the defaults. */
export function limitsOf(config: Config): Limits {
	const names = Object.entries(limitNames) as [keyof Limits, LimitName][]
	return Object.fromEntries(names.map(([key, name]) => [key, config[name] ?? defaultLimits[key]])) as Limits
}

/** Which model endpoints may be called. */
export const endpointSettingsOf = (config: Config) => ({
	hosts: splitList(config.PLUMBLINE_ENDPOINT_HOSTS ?? ''),
	token: config.PLUMBLINE_ENDPOINT_TOKEN,
})

/** The language model that chooses intents; undefined without one. */
export function intentEndpointOf(config: Config): Context['intentEndpoint'] {
	const { PLUMBLINE_INTENT_URL: url, PLUMBLINE_INTENT_MODEL: model, PLUMBLINE_INTENT_KEY: key } = config
	return url === undefined || model === undefined ? undefined : { url, model, key }
}

const defaultRegion = 'us-east-1'

/** Where model files are stored and read from. */
export function artifactSettingsOf(config: Config): ArtifactSettings {
	const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = config
	const s3 =
		accessKeyId === undefined || secretAccessKey === undefined
			? undefined
			: {
					accessKeyId,
					secretAccessKey,
					sessionToken: config.AWS_SESSION_TOKEN,
					region: config.AWS_REGION ?? defaultRegion,
					endpoint: config.AWS_ENDPOINT_URL_S3 ?? config.AWS_ENDPOINT_URL,
				}
	return {
		url: config.PLUMBLINE_ARTIFACTS_URL,
		s3,
		files: config.PLUMBLINE_ARTIFACT_FILES,
		hosts: splitList(config.PLUMBLINE_ARTIFACT_HOSTS ?? ''),
	}
}
