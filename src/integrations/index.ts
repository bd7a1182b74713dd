import type { Context } from '../context.ts'
import { reportKinds } from '../evidence/reports/sign-report.ts'
import { ownExecutors } from '../execution/own-executors.ts'
import type { ExecutorSettings } from '../rules/parse-policies.ts'
import { vendorExecutors } from './executors.ts'
import { answerGates, githubHook } from './github/gate.ts'
import type { MlflowOptions } from './mlflow/client.ts'
import { mlflowRunReader } from './mlflow/run-reader.ts'
import { mlflowHook } from './mlflow/webhook.ts'
import { openLineageSink } from './openlineage/sink.ts'

type Settings = {
	PLUMBLINE_MLFLOW_URL?: string | undefined
	PLUMBLINE_MLFLOW_USERNAME?: string | undefined
	PLUMBLINE_MLFLOW_PASSWORD?: string | undefined
	PLUMBLINE_MLFLOW_TOKEN?: string | undefined
	PLUMBLINE_MLFLOW_WEBHOOK_SECRET?: string | undefined
	PLUMBLINE_GITHUB_WEBHOOK_SECRET?: string | undefined
	PLUMBLINE_GITHUB_APP_ID?: string | undefined
	PLUMBLINE_GITHUB_APP_KEY?: string | undefined
	PLUMBLINE_GITHUB_API?: string | undefined
	PLUMBLINE_OPENLINEAGE_URL?: string | undefined
	PLUMBLINE_OPENLINEAGE_API_KEY?: string | undefined
	PLUMBLINE_OPENLINEAGE_NAMESPACE?: string | undefined
}

/** Adds the executors and the configured integrations to the context. */
export function connectIntegrations(context: Context, config: Settings): void {
	const { PLUMBLINE_MLFLOW_URL: url, PLUMBLINE_OPENLINEAGE_URL: openLineage } = config
	const mlflow = url === undefined ? undefined : mlflowOptions(url, config)
	context.executors = {
		...ownExecutors(context),
		...reportKinds(context),
		...vendorExecutors(context, { mlflow }),
	}
	if (mlflow !== undefined) context.runs = mlflowRunReader(context, mlflow)
	if (config.PLUMBLINE_MLFLOW_WEBHOOK_SECRET !== undefined)
		context.hooks = { mlflow: mlflowHook(context, config.PLUMBLINE_MLFLOW_WEBHOOK_SECRET) }
	connectGithub(context, config)
	if (openLineage !== undefined)
		context.lineageSink = openLineageSink(context, {
			url: openLineage,
			apiKey: config.PLUMBLINE_OPENLINEAGE_API_KEY,
			namespace: config.PLUMBLINE_OPENLINEAGE_NAMESPACE,
		})
}

function connectGithub(context: Context, config: Settings): void {
	const { PLUMBLINE_GITHUB_APP_ID: id, PLUMBLINE_GITHUB_APP_KEY: key } = config
	const { PLUMBLINE_GITHUB_API: api, PLUMBLINE_GITHUB_WEBHOOK_SECRET: secret } = config
	if (api === undefined || id === undefined || key === undefined || secret === undefined) return
	const app = { api, id, key }
	context.hooks = { ...context.hooks, github: githubHook(context, app, secret) }
	context.answerGates = () => answerGates(context, app)
}

const mlflowOptions = (url: string, config: Settings): MlflowOptions => ({
	url,
	username: config.PLUMBLINE_MLFLOW_USERNAME,
	password: config.PLUMBLINE_MLFLOW_PASSWORD,
	token: config.PLUMBLINE_MLFLOW_TOKEN,
})

/** The kinds of executors without what they reach: to check the settings of `approvals.yaml`, and to open none. */
export function executorSettings(): ExecutorSettings {
	const nothing = {} as Context
	return { ...ownExecutors(nothing), ...reportKinds(nothing), ...vendorExecutors(nothing) }
}
