import type { Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { peerText } from '../../core/peer-text.ts'
import type { ArtifactFormat } from '../../explain/model.ts'
import type { VersionRow } from '../version/find-version.ts'
import { storeArtifact } from './store-artifact.ts'

const fetcher = { id: 'job:fetch-artifact', how: 'job' } as const

/** The bytes that a version's URI names, checked against the registered digest and stored; or why they cannot be had. */
export async function fetchArtifact(
	context: Context,
	row: Pick<VersionRow, 'model' | 'version'>,
	{ sha256, format, uri }: { sha256: string; format: ArtifactFormat; uri: string },
): Promise<{ bytes: Uint8Array } | { unavailable: string; retryable: boolean }> {
	const read = await context.artifactSource(uri, context.limits.artifactBytes, sha256)
	if (!read.ok) {
		const { message, retryable } = read.error
		return { unavailable: `the artefact cannot be read from ${peerText(uri)}: ${message}`, retryable }
	}
	const digest = await sha256Hex(read.value)
	if (digest !== sha256)
		return {
			unavailable: `the file at ${uri} is not the one that was registered: its SHA-256 is ${digest}, registered is ${sha256}. Put the registered file there, or register what is there as a new version`,
			retryable: false,
		}
	try {
		await storeArtifact(context, fetcher, row, { sha256, format, bytes: read.value, uri })
	} catch (error) {
		// Somebody else stored it in the meantime.
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
	return { bytes: read.value }
}
