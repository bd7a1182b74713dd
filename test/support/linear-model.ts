import { createHash } from 'node:crypto'
import { formatTime } from '../../src/core/time.ts'
import type { Json, TestServer } from './server.ts'

/** A logistic model of two features, small enough to be computed by hand. */
export const linearFile = (slope = 0.5): string =>
	JSON.stringify({
		format: 'linear-json',
		link: 'logit',
		intercept: -1,
		coefficients: { income: slope, debt: -0.25 },
		means: { income: 3, debt: 2 },
	})

export const digestOf = (file: string | Uint8Array): string => createHash('sha256').update(file).digest('hex')

/** What the model of `linearFile` answers. */
export const linearScore = ({ income, debt }: Features, slope = 0.5): number =>
	1 / (1 + Math.exp(-(-1 + slope * income - 0.25 * debt)))

export type Features = { income: number; debt: number }
export const featuresOf = (i: number): Features => ({ income: (i * 7) % 11, debt: (i * 3) % 5 })

/** A registered model whose version `1` names `file` as its artefact, unless `artifact` says otherwise. */
export async function registerLinear(server: TestServer, model: string, more: Json = {}): Promise<void> {
	const { body } = await server.post('/v1/models', {
		model,
		task: 'binary',
		positiveLabel: '1',
		threshold: 0.5,
	})
	if (body.model !== model) throw new Error(JSON.stringify(body))
	await server.post(`/v1/models/${model}/versions`, {
		version: '1',
		features: [
			{ name: 'income', type: 'numeric' },
			{ name: 'debt', type: 'numeric' },
		],
		...more,
	})
}

export const upload = (server: TestServer, model: string, file: BodyInit, more: Json = {}) =>
	server.fetch(`/v1/models/${model}/versions/1/artifact${more.query ?? ''}`, {
		method: 'PUT',
		body: file,
		headers: { 'content-type': 'application/octet-stream', ...more.headers },
		...(more.key === undefined ? {} : { key: more.key }),
	})

/** Logs predictions of a day as a service would that runs the model with this slope. */
export async function logDay(
	server: TestServer,
	model: string,
	day: number,
	count: number,
	options: { slope?: number; score?: (features: Features) => number; prefix?: string; row?: Json } = {},
): Promise<Json> {
	const { slope = 0.5, score = (f: Features) => linearScore(f, slope), prefix = 'p', row = {} } = options
	const rows = Array.from({ length: count }, (_, i) => ({
		predictionId: `${prefix}-${formatTime(day).slice(0, 10)}-${i}`,
		version: '1',
		timestamp: formatTime(day + i * 1000),
		features: featuresOf(i),
		score: score(featuresOf(i)),
		...row,
	}))
	return (await server.post(`/v1/models/${model}/predictions`, rows)).body
}
