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
import type { VersionRow } from '../version/find-version.ts'
import { refuseKnown } from './guess-format.ts'
import { findArtifact, isOfOthers, storeArtifact, type VersionArtifact } from './version-artifact.ts'

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
	`upload its model file with PUT /v1/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/artifact`

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

/** What a version says of its model beside the file. */
export type Declared = { manifest: Manifest; features: readonly FeatureSpec[] }

/** Files of trees from this size on hold up requests for longer, a tenth of a second, than a thread takes to start. */
const largeBytes = 4 * 2 ** 20

/** Reads a model from its bytes; nothing in them is executed. Throws ArtifactError with the reason and the way out. */
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

/** A threshold that no probability reaches, or every one does, would turn all decisions into one. */
function checkThreshold({ space }: Pick<Model, 'space'>, { threshold, logged }: Manifest): void {
	const isProbability = space === 'probability' || (space === 'log-odds' && logged !== 'margin')
	if (threshold === undefined || !isProbability || (threshold >= 0 && threshold <= 1)) return
	throw new ArtifactError(
		`The manifest's threshold is ${threshold}, and the model's scores are probabilities. Give it between 0 and 1; for logged margins say \`"logged": "margin"\`.`,
	)
}

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
