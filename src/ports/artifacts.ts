import type { Result } from '../core/result.ts'

/** Stores model files by the SHA-256 of their bytes (64 hexadecimal digits), each once. */
export type ArtifactStore = {
	has(digest: string): Promise<boolean>
	get(digest: string): Promise<Uint8Array | undefined>
	/** Durable when it resolves. The caller has checked the digest. */
	put(digest: string, bytes: Uint8Array): Promise<void>
}

/**
 * Reads the bytes at a URI, up to a size. `sha256` names the expected file; the caller still checks the bytes against it.
 * Failures say what to do; `retryable` ones may pass by themselves.
 */
export type ArtifactSource = (uri: string, maxBytes: number, sha256: string) => Promise<Result<Uint8Array>>
