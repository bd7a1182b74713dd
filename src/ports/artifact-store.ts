/** Where model files are kept, each once, by the SHA-256 of its bytes (64 hexadecimal digits). */
export type ArtifactStore = {
	has(digest: string): Promise<boolean>
	get(digest: string): Promise<Uint8Array | undefined>
	/** Durable when it resolves. The caller has checked the digest. */
	put(digest: string, bytes: Uint8Array): Promise<void>
}
