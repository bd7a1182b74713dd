import { expect } from 'vitest'
import { compute } from '../../../src/jobs/compute.ts'
import { withServer } from '../../support/fixtures.ts'

const test = withServer()
const headings = [
	'Model details', 'Intended use', 'Factors', 'Metrics', 'Evaluation data', 'Training data', 'Quantitative analyses',
	'Ethical considerations', 'Caveats and recommendations',
] // biome-ignore format: a list to be read at a glance

test.beforeAll(async ({ server }) => {
	const { post } = server
	await post('/v1/models', {
		...{
			model: 'credit',
			task: 'binary',
			owner: '<b>ana</b>',
			riskTier: 'high',
			positiveLabel: '1',
			favourable: '0',
		},
		...{
			threshold: 0.5,
			sensitive: ['SEX'],
			segments: ['branch'],
			purpose: 'Loans.\n# Not a heading',
			limitations: 'No firms.',
		},
		...{ validatedAt: '2026-02-01' },
	})
	await post('/v1/models/credit/versions', {
		version: '7',
		features: [{ name: 'a|b', type: 'numeric', min: 0 }],
		lineage: { dataset: 's3://data/[1]', commit: 'abc' },
		metrics: { roc_auc: 0.77, note: '<script>alert(1)</script>' },
	})
	await post('/v1/models', { model: 'bare', task: 'regression' })
	await post('/v1/models/bare/versions', { version: '1', features: [] })
	const rows = Array.from({ length: 400 }, (_, i) => ({
		predictionId: `p${i}`,
		version: '7',
		timestamp: '2026-02-10T12:00:00Z',
		features: { 'a|b': i },
		score: (i % 100) / 100,
	}))
	await post('/v1/models/credit/predictions', rows)
	const at = '2026-02-11T00:00:00Z'
	await post(
		'/v1/models/credit/groups',
		rows.map(({ predictionId, timestamp }, i) => ({
			predictionId,
			timestamp,
			groups: { SEX: String(i % 2) },
		})),
	)
	await post(
		'/v1/models/credit/outcomes',
		rows.map(({ predictionId }, i) => ({
			predictionId,
			timestamp: at,
			actual: (i * 37) % 100 < i % 100 ? '1' : '0',
		})),
	)
	await compute.run(server.context)
})

const card = (
	server: { fetch: (path: string) => Promise<{ status: number; text: string; headers: Headers }> },
	name: string,
	format: string,
) => server.fetch(`/v1/models/${name}/card.${format}`)

test('has the headings of a model card, filled from what is registered and computed', async ({ server }) => {
	const { text, headers } = await card(server, 'credit/versions/7', 'md')
	expect(headers.get('content-type')).toBe('text/markdown; charset=utf-8')
	expect([...text.matchAll(/^## (.*?)( \(incomplete\))?$/gm)].map(([, heading]) => heading)).toEqual(headings)
	for (const words of [
		'Loans.',
		'No firms.',
		'A score of 0.5 or more is the decision "1".',
		'the favourable decision, "0"',
		'| roc\\_auc | 0.77 |',
	])
		expect(text).toContain(words)
	expect(text).toMatch(
		/\| performance\.roc\\_auc \| production \| 2026-02-09 \| 2026-02-16 \| 0\.\d+ \| 0\.\d+ \| 0\.\d+ \| 400 \|/,
	)
	expect(text).toMatch(/\| fairness\.selection\\_rate \| SEX=0 \|/)
	// Equal content gives equal bytes.
	expect((await card(server, 'credit/versions/7', 'md')).text).toBe(text)
})

test('says plainly what is not known', async ({ server }) => {
	const { text } = await card(server, 'bare/versions/1', 'md')
	for (const missing of [
		'what the decisions are used for',
		'which file the version is',
		'the data set that it was trained on',
		'performance: no window',
		'when it was validated',
	])
		expect(text).toContain(`Missing: ${missing}`)
	expect((await server.fetch('/v1/models/bare/versions/2/card.md')).status).toBe(404)
})

test('lets no text of a model be a mark of Markdown or HTML', async ({ server }) => {
	const { text } = await card(server, 'credit/versions/7', 'md')
	expect(text).not.toMatch(/<(?!https?:)/)
	expect(text).toContain('\\# Not a heading')
	expect(text).toContain('a\\|b')
	const page = await card(server, 'credit/versions/7', 'html')
	expect(page.headers.get('content-security-policy')).toContain(
		"default-src 'none'; style-src 'unsafe-inline'",
	)
	expect(page.text).toContain('&lt;b&gt;ana&lt;/b&gt;')
	expect(page.text).not.toContain('<script')
	expect(page.text.match(/<h2/g)).toHaveLength(headings.length + 1)
})
