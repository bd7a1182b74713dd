import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { AppError } from '../../core/errors.ts'
import { nearest } from '../../core/nearest.ts'
import { Manifest, readManifest } from '../../explain/manifest.ts'
import { ArtifactError, type ArtifactFormat, artifactFormats, type Model } from '../../explain/model.ts'
import type { OpenedModel } from '../../ports/model-cache.ts'
import { authorise } from '../key/authorise.ts'
import { quote } from '../model/find-model.ts'
import { findVersion, type VersionRow } from '../version/find-version.ts'
import type { UploadedArtifact } from './artifact.schema.ts'
import { guessFormat, refuseKnown } from './guess-format.ts'
import { modelKey, openBytes } from './open-version.ts'
import { findArtifact, storeArtifact, type VersionArtifact } from './version-artifact.ts'

/**
 * Checks the model file of a version against the registered digest, reads it (without executing it) and stores it. A version
 * that was registered without an artefact is bound to its first upload. The same file again returns `isNew: false`. Throws
 * `invalid` for another or an unusable file, and `conflict` for a file other than the bound one.
 */
export async function uploadArtifact(
	context: Context,
	actor: Actor,
	name: { model: string; version: string },
	bytes: Uint8Array,
	requested: ArtifactFormat | undefined,
): Promise<{ uploaded: UploadedArtifact; isNew: boolean }> {
	authorise(actor, 'admin', name.model)
	const row = await findVersion(context, name.model, name.version)
	const artifact = await findArtifact(context, row)
	const sha256 = await sha256Hex(bytes)
	checkDigest(row, artifact, sha256)
	const { format, opened, manifest } = await readModel(context, row, artifact, bytes, requested)
	if (artifact?.stored) await context.artifacts.put(sha256, bytes)
	else await storeArtifact(context, actor, row, { sha256, format, bytes })
	// It has just been read, and will be needed soon.
	const key = modelKey(row, sha256)
	context.models.forget(key)
	await context.models.open(key, async () => ({ opened: { ...opened, manifest, digest: sha256 } }))
	const model = 'model' in opened ? opened.model : opened.onnx
	const uploaded: UploadedArtifact = {
		model: row.model,
		version: row.version,
		sha256,
		format,
		bytes: bytes.byteLength,
		features: [...model.features],
		outputs: model.outputs,
		classes: model.classes ? [...model.classes] : null,
		space: model.space,
		warnings: [...artifactWarnings(row, model), ...estimatesOnly(opened)],
	}
	return { uploaded, isNew: artifact?.stored === undefined }
}

const estimatesOnly = (opened: OpenedModel): string[] =>
	'model' in opened
		? []
		: [`Its contributions can only be estimated: ${opened.onnx.reason ?? 'only the runtime can run it'}`]

function checkDigest(row: VersionRow, artifact: VersionArtifact | undefined, sha256: string): void {
	if (!artifact || artifact.sha256 === sha256) return
	const what = `${quote(row.version)} of ${quote(row.model)}`
	if (!row.artifact)
		throw new AppError(
			'conflict',
			`The version ${what} has the artefact ${artifact.sha256}, and this file is ${sha256}. A version never changes: register the new file under a new version.`,
		)
	const message = `its SHA-256 is ${sha256}, and ${artifact.sha256} is registered`
	throw new AppError(
		'invalid',
		`This is not the file that was registered for the version ${what}: ${message}. Upload the registered file, or register this one under a new version.`,
		{ faults: [{ path: 'artifact.sha256', message }] },
	)
}

const unusable = (path: string, message: string, cause?: unknown): AppError =>
	new AppError('invalid', `The file cannot be used as the version's artefact. ${message}`, {
		cause,
		faults: [{ path, message }],
	})

async function readModel(
	context: Context,
	row: VersionRow,
	artifact: VersionArtifact | undefined,
	bytes: Uint8Array,
	requested: ArtifactFormat | undefined,
): Promise<{ format: ArtifactFormat; opened: OpenedModel; manifest: Manifest }> {
	if (artifact && requested !== undefined && requested !== artifact.format)
		throw unusable('format', `The version has the format ${artifact.format}, not ${requested}.`)
	const read = readManifest(row.manifest)
	if ('faults' in read) {
		const [first] = read.faults
		throw unusable(`manifest.${first?.path}`, `The version's manifest is invalid: ${first?.message}.`)
	}
	try {
		refuseKnown(bytes)
		const format = artifact?.format ?? requested ?? guessFormat(bytes)
		if (format === undefined)
			throw new ArtifactError(
				`The format cannot be detected from the content. Give it as ?format=, one of ${artifactFormats.join(', ')}.`,
			)
		const { manifest } = read
		const opened = await openBytes(context, format, bytes, { manifest, features: row.features })
		return { format, opened, manifest }
	} catch (error) {
		if (!(error instanceof ArtifactError)) throw error
		throw unusable('', error.message, error)
	}
}

const known = Object.keys(Manifest.shape)
const maxNamed = 10

const quoted = (names: readonly string[]): string =>
	names
		.slice(0, maxNamed)
		.map((n) => JSON.stringify(n))
		.join(', ') + (names.length > maxNamed ? ` and ${names.length - maxNamed} more` : '')

/** What does not prevent the use of a file and is probably a mistake. */
export function artifactWarnings(
	row: Pick<VersionRow, 'features' | 'manifest'>,
	model: Pick<Model, 'features'>,
): string[] {
	const warnings: string[] = []
	const manifest = row.manifest ?? {}
	for (const name of Object.keys(manifest)) {
		if (known.includes(name)) continue
		const near = nearest(name, known)
		warnings.push(
			`The manifest's member ${JSON.stringify(name)} is stored but not used${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`,
		)
	}
	const taken = new Set(model.features)
	const declared = row.features.map((f) => f.name)
	const unused = declared.filter((name) => !taken.has(name))
	if (unused.length > 0)
		warnings.push(`The version declares features that the model does not use: ${quoted(unused)}`)
	const undeclared = model.features.filter((name) => !declared.includes(name))
	if (declared.length > 0 && undeclared.length > 0)
		warnings.push(`The model uses features that the version does not declare: ${quoted(undeclared)}`)
	for (const part of ['encodings', 'limits'] as const) {
		const odd = Object.keys((manifest[part] ?? {}) as object).filter((name) => !taken.has(name))
		for (const name of odd.slice(0, maxNamed)) {
			const near = nearest(name, model.features)
			warnings.push(
				`The manifest's ${part} name ${JSON.stringify(name)}, which the model does not use${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`,
			)
		}
	}
	return warnings
}
