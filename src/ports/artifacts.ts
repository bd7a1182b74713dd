import type { Result } from '../core/result.ts'

/** Where model files are kept, each once, by the SHA-256 of its bytes (64 hexadecimal digits). */
export type ArtifactStore = {
	has(digest: string): Promise<boolean>
	get(digest: string): Promise<Uint8Array | undefined>
	/** Durable when it resolves. The caller has checked the digest. */
	put(digest: string, bytes: Uint8Array): Promise<void>
}

/**
 * Reads the bytes that a URI names, up to a size. They are still to be checked against `sha256`, which says what is looked
 * for. A failure says what to do about it; `retryable` ones may pass by themselves.
 */
export type ArtifactSource = (uri: string, maxBytes: number, sha256: string) => Promise<Result<Uint8Array>>
