import type { Context } from '../../context.ts'
import { AppError } from '../../core/errors.ts'
import type { ArtifactStore } from '../../ports/artifacts.ts'
import { type ArtifactSettings, artifactSource, s3Of, webSource } from './artifact-source.ts'
import { parseS3, s3Store } from './s3.ts'

/** The part of a Cloudflare R2 bucket that is used. */
export type R2 = {
	head(key: string): Promise<object | null>
	get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>
	put(key: string, value: Uint8Array, options?: { sha256?: string }): Promise<object | null>
}

/** Objects of an R2 bucket, named by their digest. */
export function r2Store(bucket: R2): ArtifactStore {
	const keyOf = (digest: string) => `${digest.slice(0, 2)}/${digest}`
	return {
		has: async (digest) => (await bucket.head(keyOf(digest))) !== null,
		async get(digest) {
			const object = await bucket.get(keyOf(digest))
			return object ? new Uint8Array(await object.arrayBuffer()) : undefined
		},
		// R2 checks the bytes against the digest.
		put: async (digest, bytes) => void (await bucket.put(keyOf(digest), bytes, { sha256: digest })),
	}
}

/** A store where none is configured: it fails only when a file is to be stored, so that all else works. */
const noStore = (): ArtifactStore => {
	const refuse = async () => {
		throw new AppError(
			'unavailable',
			'There is no store for model files: bind an R2 bucket as ARTIFACTS, or set PLUMBLINE_ARTIFACTS_URL to s3://bucket/prefix.',
		)
	}
	return { has: async () => false, get: async () => undefined, put: refuse }
}

/** The store of model files where there is no file system: S3 when the settings name it, else the bound bucket. */
export function openWebArtifacts(
	settings: ArtifactSettings,
	bucket: R2 | undefined,
): Pick<Context, 'artifacts' | 'artifactSource'> {
	const global = { fetch: ((input, init) => fetch(input, init)) as typeof fetch }
	const s3 = s3Of(settings, global)
	const location = parseS3(settings.url ?? '')
	// A worker cannot reach private networks, so checking names is enough.
	const source = artifactSource({ web: webSource(global.fetch, settings.hosts), s3 })
	if (s3 && location) return { artifacts: s3Store(s3, location), artifactSource: source }
	return { artifacts: bucket ? r2Store(bucket) : noStore(), artifactSource: source }
}
