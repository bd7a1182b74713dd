/** Where people read an error. */
export type Transport = 'http' | 'cli' | 'slack'

/** Each transport words a hint in its own way; without a wording of its own it uses that of HTTP. */
type Wording = { http: string } & Partial<Record<Transport, string>>

const at = encodeURIComponent

const wordings = {
	'register-model': () => ({
		http: 'Register it with POST /v1/models.',
		slack: '`/plumb status` lists the models that you can see.',
	}),
	'change-model': ({ model }: { model: string }) => ({
		http: `Change it with PATCH /v1/models/${at(model)}.`,
	}),
	'name-sensitive': ({ model }: { model: string }) => ({
		http: `Name them with PATCH /v1/models/${at(model)} and \`sensitive\`, such as ["SEX"].`,
	}),
	'register-version': ({ model }: { model: string }) => ({
		http: `Register it with POST /v1/models/${at(model)}/versions.`,
	}),
	'list-versions': () => ({
		http: 'GET /v1/models/{model}/versions shows what versions were registered with.',
	}),
	'upload-artifact': ({ model, version }: { model: string; version: string }) => ({
		http: `Upload its model file with PUT /v1/models/${at(model)}/versions/${at(version)}/artifact.`,
	}),
	deploy: ({ model, environment }: { model: string; environment?: string }) => ({
		http: `Deploy it with PUT /v1/models/${at(model)}/deployments/${environment === undefined ? '{environment}' : at(environment)}.`,
	}),
	'set-challenger': ({ model, environment }: { model: string; environment: string }) => ({
		http: `Set one with PUT /v1/models/${at(model)}/deployments/${at(environment)}.`,
	}),
	'list-reason-tables': ({ model }: { model: string }) => ({
		http: `GET /v1/models/${at(model)}/reason-tables lists them.`,
	}),
	'list-metrics': () => ({ http: 'GET /docs lists them.' }),
	'list-keys': () => ({
		http: 'GET /v1/keys lists them.',
		cli: '`plumbline keys list` lists them.',
	}),
	'list-incidents': () => ({
		http: 'GET /v1/incidents lists them.',
		slack: '`/plumb incidents` lists them.',
	}),
	'create-silence': () => ({
		http: 'Create it with POST /v1/silences.',
		slack: '`/plumb silence` creates it.',
	}),
	'list-silences': () => ({ http: 'GET /v1/silences lists them.' }),
	'lift-freeze': ({ model, version }: { model: string; version: string }) => ({
		http: `An admin lifts the freeze with DELETE /v1/models/${at(model)}/versions/${at(version)}/freeze.`,
		slack: 'An admin can lift the freeze.',
	}),
	vote: ({ id }: { id: string }) => ({
		http: `They vote with POST /v1/requests/${at(id)}/votes, or in Slack.`,
		cli: 'They vote with `plumbline approve`, or in Slack.',
		slack: 'They vote with its button Review.',
	}),
	'list-reports': () => ({
		http: 'GET /v1/reports lists them.',
		cli: '`plumbline reports` lists them.',
	}),
	'list-requests': () => ({
		http: 'GET /v1/requests lists them.',
		slack: '`/plumb requests` lists those that are open.',
	}),
} satisfies Record<string, (about: never) => Wording>

type Wordings = typeof wordings
type HintOf<K extends keyof Wordings> =
	Parameters<Wordings[K]> extends [infer About] ? { to: K } & About : { to: K }

/** What to do next, and to which object. */
export type Hint = { [K in keyof Wordings]: HintOf<K> }[keyof Wordings]

export function hintText(hint: Hint, transport: Transport): string {
	const wording: Wording = wordings[hint.to](hint as never)
	return wording[transport] ?? wording.http
}
