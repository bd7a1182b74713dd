import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { artifactSettingsOf, readConfig } from '../../../src/config.ts'
import { openArtifacts } from '../../../src/platform/node/open-artifacts.ts'
import { openWebArtifacts } from '../../../src/registry/artifact/open-web-artifacts.ts'
import { parseS3, s3Client, s3Store } from '../../../src/registry/artifact/s3.ts'
import { digestOf } from '../../support/linear-model.ts'
import { type Moto, startMoto } from '../../support/moto.ts'
import { hasPeers } from '../../support/peers.ts'

const hasMoto = hasPeers('moto')
let moto: Moto
const env = (url = 's3://models/kept/here') => ({
	PLUMBLINE_ARTIFACTS_URL: url,
	AWS_ACCESS_KEY_ID: 'key',
	AWS_SECRET_ACCESS_KEY: 'secret',
	AWS_REGION: 'eu-central-1',
	AWS_ENDPOINT_URL_S3: moto.url,
})
const opened = (url?: string) => openArtifacts(artifactSettingsOf(readConfig(env(url))), 'file:x.db')

beforeAll(async () => {
	if (!hasMoto) return
	moto = await startMoto()
	await fetch(`${moto.url}/models`, { method: 'PUT' })
})
afterAll(async () => {
	if (hasMoto) await moto.close()
})

describe.runIf(hasMoto)('S3', () => {
	it('keeps files below the prefix, by digest', async () => {
		const { artifacts } = opened()
		const bytes = new Uint8Array(randomBytes(3_000_000))
		const digest = digestOf(bytes)
		expect([await artifacts.has(digest), await artifacts.get(digest)]).toEqual([false, undefined])
		for (let n = 0; n < 2; n++) await artifacts.put(digest, bytes)
		expect(await artifacts.has(digest)).toBe(true)
		expect(digestOf((await artifacts.get(digest)) ?? new Uint8Array())).toBe(digest)
		const list = await (await fetch(`${moto.url}/models?list-type=2`)).text()
		expect(list).toContain(`<Key>kept/here/${digest.slice(0, 2)}/${digest}</Key>`)
		// A worker reaches the same bytes by the same settings.
		const web = openWebArtifacts(artifactSettingsOf(readConfig(env())), undefined)
		expect(digestOf((await web.artifacts.get(digest)) ?? new Uint8Array())).toBe(digest)
	})

	it('is read by URI, whatever the key is called', async () => {
		const { artifactSource } = opened()
		for (const key of ['plain.json', 'a b/ü+(1)=&.json', "it's/50%/#1?.txt"]) {
			await fetch(`${moto.url}/models/${key.split('/').map(encodeURIComponent).join('/')}`, {
				method: 'PUT',
				body: `content of ${key}`,
			})
			const answer = await artifactSource(`s3://models/${key}`, 1000, '')
			expect(answer.ok && new TextDecoder().decode(answer.value)).toBe(`content of ${key}`)
		}
		const most = await artifactSource('s3://models/plain.json', 3, '')
		expect(most).toMatchObject({ ok: false, error: { message: expect.stringContaining('over the limit') } })
		expect(await artifactSource('s3://models/none', 10, '')).toMatchObject({
			ok: false,
			error: { message: 'S3 answered 404 NoSuchKey', retryable: false },
		})
		expect(await artifactSource('s3://models', 10, '')).toMatchObject({ ok: false })
	})

	it('says what to check when the bucket is not there or nothing answers', async () => {
		const bytes = new Uint8Array(10)
		const { artifacts } = opened('s3://no-such-bucket/p')
		await expect(artifacts.put(digestOf(bytes), bytes)).rejects.toThrow(
			/s3:\/\/no-such-bucket rejected the file: 404 NoSuchBucket.*PLUMBLINE_ARTIFACTS_URL/,
		)
		await expect(artifacts.get(digestOf(bytes))).rejects.toThrow(/NoSuchBucket/)
		const settings = { ...env(), AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' }
		const away = openArtifacts(artifactSettingsOf(readConfig(settings)), 'file:x.db')
		await expect(away.artifacts.get(digestOf(bytes))).rejects.toThrow(/S3 cannot be reached/)
	})
})

describe('a request to S3', () => {
	it('is signed, goes to the region, and is tried again when the service is busy', async () => {
		const seen: Request[] = []
		const statuses = [503, 500, 200]
		const s3 = s3Client(
			{ accessKeyId: 'AKID', secretAccessKey: 's', sessionToken: 'token', region: 'eu-west-1' },
			{
				fetch: (async (request: Request) => {
					seen.push(request)
					return new Response('', { status: statuses.shift() ?? 200 })
				}) as typeof fetch,
			},
		)
		const bytes = new TextEncoder().encode('model')
		await s3Store(s3, { bucket: 'models', key: '' }).put(digestOf(bytes), bytes)
		expect(seen).toHaveLength(3)
		const [first] = seen as [Request]
		const digest = digestOf(bytes)
		expect(first.url).toBe(`https://models.s3.eu-west-1.amazonaws.com/${digest.slice(0, 2)}/${digest}`)
		expect(first.headers.get('authorization')).toMatch(
			/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=.*, Signature=[0-9a-f]{64}$/,
		)
		expect(first.headers.get('x-amz-content-sha256')).toBe(digest)
		expect(first.headers.get('x-amz-security-token')).toBe('token')
	})

	it('is tried again when the body of an error breaks off', async () => {
		const broken = new ReadableStream({ start: (controller) => controller.error(new Error('cut')) })
		const responses = [new Response(broken, { status: 503 }), new Response('', { status: 200 })]
		const s3 = s3Client(
			{ accessKeyId: 'AKID', secretAccessKey: 's', region: 'eu-west-1' },
			{ fetch: (async () => responses.shift()) as unknown as typeof fetch },
		)
		expect((await s3('HEAD', { bucket: 'models', key: 'a' })).status).toBe(200)
	})

	it('names a bucket and a key', () => {
		expect(parseS3('s3://bucket/a/b c.json')).toEqual({ bucket: 'bucket', key: 'a/b c.json' })
		expect(parseS3('s3://bucket')).toEqual({ bucket: 'bucket', key: '' })
		expect(parseS3('s3:///key')).toBeUndefined()
		expect(parseS3('https://bucket/key')).toBeUndefined()
	})
})

describe('settings', () => {
	const refusal = (env: Record<string, string>) => {
		try {
			return readConfig(env) && ''
		} catch (error) {
			return (error as Error).message
		}
	}

	it('that are wrong are refused with one line', () => {
		expect(refusal({ PLUMBLINE_ARTIFACTS_URL: 'gs://bucket' })).toMatch(/^PLUMBLINE_ARTIFACTS_URL must be/)
		expect(refusal({ PLUMBLINE_ARTIFACTS_URL: 's3://bucket/x' })).toMatch(/^AWS_ACCESS_KEY_ID is required/)
		expect(refusal({ AWS_ACCESS_KEY_ID: 'x' })).toMatch(/^AWS_SECRET_ACCESS_KEY is required/)
		expect(refusal({ PLUMBLINE_LIMIT_ARTIFACT_BYTES: '1GB' })).toMatch(/^PLUMBLINE_LIMIT_ARTIFACT_BYTES/)
		expect(refusal({ PLUMBLINE_ARTIFACTS_URL: 'file:/var/models' })).toBe('')
	})
})
