import { z } from 'zod'
import { defaultLimits, type Limits } from './context.ts'
import { AppError } from './core/errors.ts'
import { logLevels } from './logger.ts'
import type { ArtifactSettings } from './services/artifact/artifact-settings.ts'

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

/** The folder of rule files; where there is none of this name, the rules of the package apply. */
export const defaultRules = 'rules'

const limit = z
	.string()
	.regex(/^[1-9]\d{0,14}$/, 'must be a whole number of 1 or more')
	.transform(Number)
	.optional()

const limitNames = {
	jsonBytes: 'PLUMBLINE_LIMIT_JSON_BYTES',
	objectBytes: 'PLUMBLINE_LIMIT_OBJECT_BYTES',
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
	headerBytes: 'PLUMBLINE_LIMIT_HEADER_BYTES',
	headers: 'PLUMBLINE_LIMIT_HEADERS',
	headersMs: 'PLUMBLINE_LIMIT_HEADERS_MS',
} as const satisfies Record<keyof Limits, string>

type LimitName = (typeof limitNames)[keyof Limits]
const limitFields = Object.fromEntries(Object.values(limitNames).map((name) => [name, limit])) as Record<
	LimitName,
	typeof limit
>

/** The environment of the service. Only the roots read it. */
export const Config = z
	.object({
		PLUMBLINE_DATABASE_URL: databaseUrl,
		PLUMBLINE_DATABASE_TOKEN: text.optional(),
		PLUMBLINE_PORT: port.default(8787),
		PLUMBLINE_HOST: text.default('127.0.0.1'),
		PLUMBLINE_RULES: text.default(defaultRules),
		/** Font files (TTF, OTF, TTC) for the scripts that pictures lack, separated by commas. */
		PLUMBLINE_FONTS: text
			.transform((files) =>
				files
					.split(',')
					.map((file) => file.trim())
					.filter((file) => file !== ''),
			)
			.optional(),
		PLUMBLINE_ADMIN_KEY: adminKey.optional(),
		/** Where links point to. Absent: the address that the service listens on. */
		PLUMBLINE_PUBLIC_URL: httpUrl.optional(),
		PLUMBLINE_LOG_LEVEL: z.enum(logLevels, { error: 'must be info, warn or error' }).default('info'),
		PLUMBLINE_URL: httpUrl.default('http://127.0.0.1:8787'),
		PLUMBLINE_KEY: text.optional(),
		SLACK_BOT_TOKEN: text.startsWith('xoxb-', 'must be a bot token (xoxb-…)').optional(),
		SLACK_SIGNING_SECRET: text.optional(),
		SLACK_APP_TOKEN: text.startsWith('xapp-', 'must be an app-level token (xapp-…)').optional(),
		SLACK_API_URL: z.url('must be a URL').optional(),
		SLACK_CHANNEL: text.optional(),
		/** A tracking server that runs are read from, and how it is asked: basic, or a bearer token. */
		PLUMBLINE_MLFLOW_URL: httpUrl.optional(),
		PLUMBLINE_MLFLOW_USERNAME: text.optional(),
		PLUMBLINE_MLFLOW_PASSWORD: text.optional(),
		PLUMBLINE_MLFLOW_TOKEN: text.optional(),
		/** A catalogue that takes OpenLineage events. */
		PLUMBLINE_OPENLINEAGE_URL: httpUrl.optional(),
		PLUMBLINE_OPENLINEAGE_API_KEY: text.optional(),
		PLUMBLINE_OPENLINEAGE_NAMESPACE: text.optional(),
		/** Where model files are kept. Absent: in a folder beside the database, or in the bucket that is bound to the worker. */
		PLUMBLINE_ARTIFACTS_URL: text
			.regex(
				/^(file:.|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$))/,
				'must be file:<folder> or s3://<bucket>/<prefix>',
			)
			.optional(),
		/** The folder that `file:` URIs of artefacts may lead into. Absent: none is read. */
		PLUMBLINE_ARTIFACT_FILES: text.optional(),
		/** Hosts that artefacts may be read from although they are private or have no TLS, by comma. */
		PLUMBLINE_ARTIFACT_HOSTS: text.optional(),
		/** Hosts of model endpoints that may be asked for estimates, by comma; `*` stands for any run of characters. */
		PLUMBLINE_ENDPOINT_HOSTS: text.optional(),
		/** Sent to them as a bearer token. */
		PLUMBLINE_ENDPOINT_TOKEN: text.optional(),
		AWS_ACCESS_KEY_ID: text.optional(),
		AWS_SECRET_ACCESS_KEY: text.optional(),
		AWS_SESSION_TOKEN: text.optional(),
		AWS_REGION: text.optional(),
		AWS_ENDPOINT_URL: httpUrl.optional(),
		AWS_ENDPOINT_URL_S3: httpUrl.optional(),
		...limitFields,
	})
	.superRefine((env, issues) => {
		const missing = (name: string, message: string) =>
			issues.addIssue({ code: 'custom', path: [name], message })
		const { SLACK_BOT_TOKEN: bot, SLACK_SIGNING_SECRET: secret, SLACK_APP_TOKEN: app } = env
		const { PLUMBLINE_MLFLOW_USERNAME: user, PLUMBLINE_MLFLOW_TOKEN: token } = env
		if (env.PLUMBLINE_MLFLOW_URL === undefined && (user ?? token) !== undefined)
			missing('PLUMBLINE_MLFLOW_URL', 'is needed beside the other settings of MLflow')
		if (user !== undefined && token !== undefined)
			missing(
				'PLUMBLINE_MLFLOW_TOKEN',
				'is one way in and PLUMBLINE_MLFLOW_USERNAME another: set one of them',
			)
		if (env.PLUMBLINE_OPENLINEAGE_URL === undefined && env.PLUMBLINE_OPENLINEAGE_API_KEY !== undefined)
			missing('PLUMBLINE_OPENLINEAGE_URL', 'is needed beside PLUMBLINE_OPENLINEAGE_API_KEY')
		if (bot === undefined && (secret ?? app) !== undefined)
			missing('SLACK_BOT_TOKEN', 'is needed beside the other settings of Slack')
		if (bot !== undefined && secret === undefined && app === undefined)
			missing(
				'SLACK_SIGNING_SECRET',
				'is needed beside SLACK_BOT_TOKEN (or SLACK_APP_TOKEN, for Socket Mode)',
			)
		const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: key, PLUMBLINE_ARTIFACTS_URL: artifacts } = env
		const isNeeded = artifacts?.startsWith('s3:') === true
		if (id === undefined && (isNeeded || key !== undefined))
			missing('AWS_ACCESS_KEY_ID', `is needed for ${isNeeded ? artifacts : 'AWS_SECRET_ACCESS_KEY'}`)
		if (key === undefined && (isNeeded || id !== undefined))
			missing('AWS_SECRET_ACCESS_KEY', `is needed for ${isNeeded ? artifacts : 'AWS_ACCESS_KEY_ID'}`)
	})
export type Config = z.output<typeof Config>

/** Reads the environment; empty values count as absent. Throws `invalid` with one line that names the value and why. */
export function readConfig(env: Readonly<Record<string, unknown>>): Config {
	const given = Object.fromEntries(Object.entries(env).filter(([, v]) => typeof v === 'string' && v !== ''))
	const result = Config.safeParse(given)
	if (result.success) return result.data
	const issue = result.error.issues[0]
	const name = String(issue?.path[0])
	const isShown = given[name] !== undefined && !/KEY|TOKEN|SECRET|PASSWORD/.test(name)
	const shown = isShown ? ` It is ${JSON.stringify(given[name])}.` : ''
	throw new AppError('invalid', `${name} ${issue?.message}.${shown}`)
}

/** The limits of requests: ours, or the environment's. */
export function limitsOf(config: Config): Limits {
	const names = Object.entries(limitNames) as [keyof Limits, LimitName][]
	return Object.fromEntries(names.map(([key, name]) => [key, config[name] ?? defaultLimits[key]])) as Limits
}

const hostsOf = (list = ''): string[] =>
	list
		.split(',')
		.map((host) => host.trim())
		.filter((host) => host !== '')

/** Which model endpoints may be asked. */
export const endpointSettingsOf = (config: Config) => ({
	hosts: hostsOf(config.PLUMBLINE_ENDPOINT_HOSTS),
	token: config.PLUMBLINE_ENDPOINT_TOKEN,
})

const defaultRegion = 'us-east-1'

/** Where model files are kept and read from. */
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
		hosts: hostsOf(config.PLUMBLINE_ARTIFACT_HOSTS),
	}
}
