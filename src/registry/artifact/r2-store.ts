import type { ArtifactStore } from '../../ports/artifacts.ts'

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
		// R2 checks what it received against the digest.
		put: async (digest, bytes) => void (await bucket.put(keyOf(digest), bytes, { sha256: digest })),
	}
}
