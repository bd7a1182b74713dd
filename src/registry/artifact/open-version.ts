import type { Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import type { Fault } from '../../core/errors.ts'
import { minuteMs } from '../../core/time.ts'
import { ArtifactError } from '../../explain/model.ts'
import type { Loaded, OpenedVersion } from '../../ports/model-cache.ts'
import { quote } from '../model/find-model.ts'
import type { VersionRow } from '../version/find-version.ts'
import { fetchArtifact } from './fetch-artifact.ts'
import { findArtifact, isOfOthers, type VersionArtifact } from './find-artifact.ts'
import { openBytes } from './open-bytes.ts'
import { readManifest } from './read-manifest.ts'

/** When it is tried again what failed: what may pass by itself soon, what somebody has to mend later. */
const soonMs = minuteMs
const laterMs = 10 * minuteMs

/** A version never changes, so its name and the digest of its file stand for all that a model is opened from. */
export const modelKey = (row: Pick<VersionRow, 'model' | 'version'>, digest: string): string =>
	JSON.stringify([row.model, row.version, digest])

/**
 * The model of a version, ready to be replayed and explained: from the cache, else from the store, else from the version's
 * URI (checked, then stored). `unavailable` says why it cannot be had, in words that somebody can act on.
 */
export async function openVersion(context: Context, row: VersionRow): Promise<OpenedVersion> {
	const artifact = await findArtifact(context, row)
	if (!artifact) return { unavailable: noArtifact(row) }
	return context.models.open(modelKey(row, artifact.sha256), () => load(context, row, artifact))
}

const upload = ({ model, version }: VersionRow): string =>
	`upload the model file of version ${quote(version)} of ${quote(model)}`

const noArtifact = (row: VersionRow): string =>
	`the version was registered without an artefact: ${upload(row)}`

const wrongManifest = ([first]: readonly Fault[]): string =>
	`the version's manifest is wrong: ${first?.path}: ${first?.message}. Register a new version with one that is right`

async function load(context: Context, row: VersionRow, artifact: VersionArtifact): Promise<Loaded> {
	const again = context.now() + laterMs
	const read = readManifest(row.manifest)
	if ('faults' in read) return { opened: { unavailable: wrongManifest(read.faults) }, again }
	const { manifest } = read
	const found = await readBytes(context, row, artifact)
	if ('unavailable' in found) {
		const { unavailable, retryable } = found
		// That there is no file is known at once, and may change with an upload to another process.
		if (retryable === undefined) return { opened: { unavailable } }
		return { opened: { unavailable }, again: retryable ? context.now() + soonMs : again }
	}
	try {
		const model = await openBytes(context, artifact.format, found.bytes, { manifest, features: row.features })
		return { opened: { ...model, manifest, digest: artifact.sha256 } }
	} catch (error) {
		if (!(error instanceof ArtifactError)) throw error
		return { opened: { unavailable: `the artefact cannot be used: ${error.message}` }, again }
	}
}

async function readBytes(
	context: Context,
	row: VersionRow,
	artifact: VersionArtifact,
): Promise<{ bytes: Uint8Array } | { unavailable: string; retryable?: boolean }> {
	const hidden = await isOfOthers(context, row.model, artifact.sha256)
	const bytes = hidden ? undefined : await context.artifacts.get(artifact.sha256)
	if (bytes && (await sha256Hex(bytes)) === artifact.sha256) return { bytes }
	if (artifact.uri !== undefined) return fetchArtifact(context, row, { ...artifact, uri: artifact.uri })
	if (bytes)
		return {
			unavailable: `the stored artefact is damaged: its bytes are not ${artifact.sha256} any more. Upload the file again`,
			retryable: false,
		}
	return {
		unavailable: artifact.stored
			? `the artefact ${artifact.sha256} is not in the store any more. Upload the file again`
			: `the artefact ${artifact.sha256} was registered, and its bytes were never uploaded: ${upload(row)}`,
	}
}
