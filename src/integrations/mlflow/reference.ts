/** What a text says of where its run is found. */
export type Reference =
	| { run: string }
	| { model: string; version: string }
	| { model: string; alias: string }
	| { loggedModel: string }

const runId = /^[\w-]{1,64}$/

/**
 * `mlflow:<run id>`, `runs:/<run id>/…`, and the forms of `models:/`: `<name>/<version>`, `<name>@<alias>`, `m-<id>`
 * (a logged model of MLflow 3). Undefined for all else: an id alone may be another system's.
 */
export function parseReference(text: string): Reference | undefined {
	const run = /^(?:mlflow:|runs:\/)([^/:]+)(?:\/.*)?$/.exec(text)?.[1]
	if (run !== undefined) return runId.test(run) ? { run } : undefined
	const uri = /^(?:mlflow:)?models:\/+(.+)$/.exec(text)?.[1]
	if (uri === undefined) return undefined
	const [, model, version] = /^([^/@]+)\/(\d+)$/.exec(uri) ?? []
	if (model !== undefined && version !== undefined) return { model, version }
	const [, named, alias] = /^([^/@]+)@([^/@]+)$/.exec(uri) ?? []
	if (named !== undefined && alias !== undefined) return { model: named, alias }
	return /^m-\w{1,64}$/.test(uri) ? { loggedModel: uri } : undefined
}
