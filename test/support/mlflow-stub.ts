import { type Received, startTarget, type TargetAnswer } from './target.ts'

type Version = { run_id: string; tags: Map<string, string> }

const missing = (what: string): TargetAnswer => ({
	status: 404,
	body: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: `${what} not found` },
})

/** MLflow's model registry with the models and versions given: the answers of MLflow 3.17, over real HTTP. */
export async function startMlflowStub(names: readonly string[], numbers: readonly string[], token: string) {
	const versions = new Map(
		names.map((name) => [
			name,
			new Map(numbers.map((n): [string, Version] => [n, { run_id: `run${n}`, tags: new Map() }])),
		]),
	)
	const aliases = new Map<string, string>()
	let moves = 0
	const toBody = (name: string, version: string, { run_id, tags }: Version) => ({
		name,
		version,
		run_id,
		tags: [...tags].map(([key, value]) => ({ key, value })),
	})
	const target = await startTarget((request: Received): TargetAnswer => {
		if (request.headers.authorization !== `Bearer ${token}`) return { status: 401, body: 'Unauthorized' }
		const url = new URL(request.path, 'http://mlflow')
		const given = request.method === 'GET' ? Object.fromEntries(url.searchParams) : JSON.parse(request.body)
		const { name, alias, version = '' } = given as Record<string, string>
		const model = versions.get(String(name))
		const route = `${request.method} ${url.pathname.replace('/api/2.0/mlflow/', '')}`
		if (route === 'GET model-versions/search') {
			const run = /run_id='([^']*)'/.exec(given.filter)?.[1]
			const found = [...versions].flatMap(([n, all]) => [...all].map(([v, each]) => toBody(n, v, each)))
			return { status: 200, body: { model_versions: found.filter((v) => v.run_id === run) } }
		}
		if (!model) return missing(`Registered Model with name=${name}`)
		if (route === 'GET registered-models/alias') {
			const number = aliases.get(`${name} ${alias}`)
			if (number === undefined)
				return {
					status: 400,
					body: {
						error_code: 'INVALID_PARAMETER_VALUE',
						message: `Registered model alias ${alias} not found.`,
					},
				}
			return {
				status: 200,
				body: { model_version: toBody(String(name), number, model.get(number) as Version) },
			}
		}
		if (route === 'DELETE registered-models/alias') {
			aliases.delete(`${name} ${alias}`)
			return { status: 200, body: {} }
		}
		const found = model.get(version)
		if (!found) return missing(`Model Version (name=${name}, version=${version})`)
		if (route === 'GET model-versions/get')
			return { status: 200, body: { model_version: toBody(String(name), version, found) } }
		if (route === 'POST registered-models/alias') {
			aliases.set(`${name} ${alias}`, version)
			moves++
		} else if (route === 'POST model-versions/set-tag') found.tags.set(given.key, given.value)
		else return { status: 404, body: 'no such route' }
		return { status: 200, body: {} }
	})
	return {
		target,
		/** How many times an alias was set by a call. */
		moves: () => moves,
		setAlias: (name: string, alias: string, version: string) => void aliases.set(`${name} ${alias}`, version),
		alias: (name: string, alias: string) => aliases.get(`${name} ${alias}`),
		tags: (name: string, version: string) => Object.fromEntries(versions.get(name)?.get(version)?.tags ?? []),
	}
}
