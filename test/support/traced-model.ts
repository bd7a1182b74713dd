import { evaluateAll } from '../../src/alerting/alert/evaluate-all.ts'
import { hourMs, minuteMs } from '../../src/core/time.ts'
import { testServer } from './server.ts'

export const sha = (letter: string) => letter.repeat(64)
export const commitOf = (letter: string) => letter.repeat(40)
export const fingerprint = `sha256:${sha('d')}`
export const dataset = `s3://data/credit.parquet@${fingerprint}`

/**
 * A server with the model `credit`: 7 decided as champion (p1, p2, p3) and 8 as its canary (c1). Then rules came and went,
 * the threshold, the baseline and the champion changed, and 7 decided once more (late).
 */
export async function tracedServer() {
	const server = await testServer()
	let rules = 'first'
	server.context.rules = { current: () => ({ digest: rules, content: rules, rules: [] }) }
	const useRules = async (digest: string) => {
		rules = digest
		await evaluateAll(server.context, {} as never)
	}
	const deploy = (model: string, json: unknown) =>
		server.fetch(`/v1/models/${model}/deployments/production`, { method: 'PUT', json })
	const predict = (model: string, version: string, ids: readonly string[], at = server.clock.now) =>
		server.post(
			`/v1/models/${model}/predictions`,
			ids.map((predictionId, i) => ({
				predictionId,
				version,
				timestamp: new Date(at + i).toISOString(),
				features: { x: i },
				score: 0.7,
			})),
		)

	await server.post('/v1/models', { model: 'credit', task: 'binary', threshold: 0.5, positiveLabel: '1' })
	await server.post('/v1/models/credit/versions', {
		version: '7',
		features: [{ name: 'x', type: 'numeric' }],
		artifact: { sha256: sha('a').toUpperCase(), format: 'xgboost-json' },
		lineage: { run: 'mlflow:4f1c', dataset, commit: commitOf('9'), image: `img/score:7@${fingerprint}` },
	})
	await server.post('/v1/models/credit/versions', {
		version: '8',
		features: [],
		lineage: { dataset, commit: commitOf('8') },
	})
	await server.fetch('/v1/models/credit/versions/7/baseline', {
		method: 'PUT',
		json: [1, 2, 3].map((x) => ({ features: { x }, score: 0.5 })),
	})
	await useRules('first')
	server.clock.advance(minuteMs)
	await deploy('credit', { champion: '7', canary: { version: '8', percent: 5 } })
	server.clock.advance(hourMs)
	await predict('credit', '7', ['p1', 'p2', 'p3'])
	await predict('credit', '8', ['c1'])
	server.clock.advance(hourMs)
	// All of this came after the decisions.
	await useRules('second')
	server.clock.advance(minuteMs)
	await useRules('first')
	await server.fetch('/v1/models/credit', { method: 'PATCH', json: { threshold: 0.9 } })
	await server.post('/v1/requests', {
		kind: 'promotion',
		model: 'credit',
		environment: 'production',
		to: '8',
		reason: 'x',
	})
	server.clock.advance(1)
	await deploy('credit', { champion: '8' })
	await server.fetch('/v1/models/credit/versions/7/baseline', {
		method: 'PUT',
		json: [5, 6, 7].map((x) => ({ features: { x }, score: 0.5 })),
	})
	server.clock.advance(hourMs)
	await predict('credit', '7', ['late'])
	return { ...server, predict }
}
