import type { Context } from '../../context.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError, type Fault } from '../../core/errors.ts'
import { peerText } from '../../core/peer-text.ts'
import { minuteMs } from '../../core/time.ts'
import { isTreeFormat } from '../../explain/formats/read-tree-file.ts'
import { type Manifest, readManifest } from '../../explain/manifest.ts'
import { ArtifactError, type ArtifactFormat, type Model } from '../../explain/model.ts'
import { openOnnx } from '../../explain/onnx/open-onnx.ts'
import { openModel, openTrees } from '../../explain/open-model.ts'
import type { Loaded, OpenedModel, OpenedVersion } from '../../ports/model-cache.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { quote } from '../model/find-model.ts'
import type { VersionRow } from '../version/find-version.ts'
import { refuseKnown } from './guess-format.ts'
import { belongsToOthers, findArtifact, storeArtifact, type VersionArtifact } from './version-artifact.ts'

/** Failures that may pass by themselves are retried sooner than those that somebody has to fix. */
const transientRetryMs = minuteMs
const permanentRetryMs = 10 * minuteMs

/** A version never changes, so its name and the digest of its file identify everything that a model is opened from. */
export const modelKey = (row: Pick<VersionRow, 'model' | 'version'>, digest: string): string =>
	JSON.stringify([row.model, row.version, digest])

/**
 * The model of a version, ready for replays and explanations: from the cache, else from the store, else from the version's
 * URI (checked, then stored). `unavailable` says why it cannot be opened and what to do.
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
	`the version's manifest is invalid: ${first?.path}: ${first?.message}. Register a new version with a corrected manifest`

async function load(context: Context, row: VersionRow, artifact: VersionArtifact): Promise<Loaded> {
	const again = context.now() + permanentRetryMs
	const parsed = readManifest(row.manifest)
	if ('faults' in parsed) return { opened: { unavailable: wrongManifest(parsed.faults) }, again }
	const { manifest } = parsed
	const read = await readBytes(context, row, artifact)
	if ('unavailable' in read) {
		const { unavailable, retryable } = read
		// A missing file is not cached: an upload to another process may add it at any time.
		if (retryable === undefined) return { opened: { unavailable } }
		return { opened: { unavailable }, again: retryable ? context.now() + transientRetryMs : again }
	}
	try {
		const model = await openBytes(context, artifact.format, read.bytes, { manifest, features: row.features })
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
	const hidden = await belongsToOthers(context, row.model, artifact.sha256)
	const bytes = hidden ? undefined : await context.artifacts.get(artifact.sha256)
	if (bytes && (await sha256Hex(bytes)) === artifact.sha256) return { bytes }
	if (artifact.uri !== undefined) return fetchArtifact(context, row, { ...artifact, uri: artifact.uri })
	if (bytes)
		return {
			unavailable: `the stored artefact is damaged: its SHA-256 is no longer ${artifact.sha256}. Upload the file again`,
			retryable: false,
		}
	return {
		unavailable: artifact.stored
			? `the artefact ${artifact.sha256} is no longer in the store. Upload the file again`
			: `the artefact ${artifact.sha256} was registered but never uploaded: ${upload(row)}`,
	}
}

/** What a version declares of its model beside the file. */
export type Declared = { manifest: Manifest; features: readonly FeatureSpec[] }

/** Reading larger files of trees blocks requests for longer than a thread takes to start (a tenth of a second). */
const largeBytes = 4 * 2 ** 20

/** Reads a model from its bytes, without executing anything in them. Throws ArtifactError with the reason and a remedy. */
export async function openBytes(
	context: Pick<Context, 'onnx' | 'readTrees'>,
	format: ArtifactFormat,
	bytes: Uint8Array,
	declared: Declared,
): Promise<OpenedModel> {
	refuseKnown(bytes)
	if (format !== 'onnx') {
		const model =
			context.readTrees && isTreeFormat(format) && bytes.length >= largeBytes
				? openTrees(await context.readTrees(format, bytes, declared.manifest.rounds), declared)
				: openModel(format, bytes, declared)
		checkThreshold(model, declared.manifest)
		return { model }
	}
	const onnx = await openOnnx(bytes, declared, context.onnx?.())
	checkThreshold(onnx, declared.manifest)
	return onnx.exact ? { model: onnx.exact, onnx } : { onnx }
}

/** With a threshold outside of [0, 1] every probability would give the same decision. */
function checkThreshold({ space }: Pick<Model, 'space'>, { threshold, logged }: Manifest): void {
	const isProbability = space === 'probability' || (space === 'log-odds' && logged !== 'margin')
	if (threshold === undefined || !isProbability || (threshold >= 0 && threshold <= 1)) return
	throw new ArtifactError(
		`The manifest's threshold is ${threshold}, and the model's scores are probabilities. Set it between 0 and 1; for logged margins, set \`"logged": "margin"\`.`,
	)
}

const fetcher = { id: 'job:fetch-artifact', how: 'job' } as const

/** Reads the bytes at a version's URI, checks them against the registered digest and stores them; or says why it cannot. */
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
			unavailable: `the file at ${uri} is not the registered file: its SHA-256 is ${digest}, and ${sha256} is registered. Put the registered file there, or register this one as a new version`,
			retryable: false,
		}
	try {
		await storeArtifact(context, fetcher, row, { sha256, format, bytes: read.value, uri })
	} catch (error) {
		// Another request stored it in the meantime.
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
	}
	return { bytes: read.value }
}
