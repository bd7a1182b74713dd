import { readFile, stat } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { parse } from 'yaml'
import { AppError } from '../core/errors.ts'
import { defaultLimits } from '../core/limits.ts'
import { nearest } from '../core/nearest.ts'
import { Manifest } from '../explain/manifest.ts'
import { ArtifactError, type ArtifactFormat, artifactFormats } from '../explain/model.ts'
import type { OpenedModel } from '../ports/model-cache.ts'
import { guessFormat, refuseKnown } from '../registry/artifact/guess-format.ts'
import { openBytes } from '../registry/artifact/open-version.ts'
import { UsageError } from './command.ts'

/** The bytes of a file, unpacked. */
async function bytesOf(path: string): Promise<Uint8Array> {
	const info = await stat(path).catch((cause) => {
		const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message
		throw new AppError('not-found', `${path} cannot be read: ${why}.`, { cause })
	})
	if (info.isDirectory())
		throw new AppError('invalid', `${path} is a folder: name the file of the model in it.`)
	const bytes = await readFile(path)
	if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
	try {
		return gunzipSync(bytes, { maxOutputLength: defaultLimits.artifactBytes })
	} catch (cause) {
		throw new AppError('malformed', `${path} cannot be unpacked: ${(cause as Error).message}.`, { cause })
	}
}

const members = Object.keys(Manifest.shape)

function unknownMember(path: string, name: string): string {
	const near = nearest(name, members)
	return `${path} has a member ${JSON.stringify(name)}, which is not used.${near ? ` Did you mean ${JSON.stringify(near)}?` : ''}`
}

/** The manifest of a file. `note` is called for unknown members, such as a misspelt `missing`. */
export async function readManifest(
	path: string | undefined,
	note: (text: string) => void,
): Promise<Manifest> {
	if (path === undefined) return {}
	const text = new TextDecoder().decode(await bytesOf(path))
	let value: unknown
	try {
		value = parse(text)
	} catch (cause) {
		throw new AppError('malformed', `${path} is neither JSON nor YAML: ${(cause as Error).message}`, {
			cause,
		})
	}
	const result = Manifest.safeParse(value)
	if (result.success) {
		for (const name of Object.keys(result.data)) if (!members.includes(name)) note(unknownMember(path, name))
		return result.data
	}
	const issue = result.error.issues[0]
	const at = issue?.path.join('.')
	throw new AppError('invalid', `${path}: ${at ? `${at}: ` : ''}${issue?.message}`)
}

/** The format of the file by its content, whatever its name. */
function formatOf(bytes: Uint8Array, path: string, given: string | undefined): ArtifactFormat {
	const format = given === undefined ? guessFormat(bytes) : artifactFormats.find((f) => f === given)
	if (format !== undefined) return format
	if (given !== undefined) throw new UsageError(`--format must be one of ${artifactFormats.join(', ')}.`)
	throw new AppError(
		'unsupported',
		`${path}: the format cannot be detected. Plumbline reads ${artifactFormats.join(', ')}; if it is one of them, set --format.`,
	)
}

/** Opens a model file. `declared`: the names in the first row, for files without feature names. */
export async function openArtifact(
	path: string,
	options: { format: string | undefined; manifest: Manifest; declared: readonly string[] },
): Promise<OpenedModel> {
	const bytes = await bytesOf(path)
	try {
		refuseKnown(bytes)
		const format = formatOf(bytes, path, options.format)
		const onnx =
			format === 'onnx' ? (await import('../platform/node/onnx-runtime.ts')).loadOnnxRuntime() : undefined
		const open = (names: readonly string[]) =>
			openBytes(onnx ? { onnx: () => onnx } : {}, format, bytes, {
				manifest: options.manifest,
				features: names.map((name) => ({ name, type: 'numeric' as const })),
			})
		// A table can have other columns than features; a graph with named inputs does not need the names of the table.
		return await open(options.declared).catch((error) =>
			format === 'onnx' ? open([]).catch(() => Promise.reject(error)) : Promise.reject(error),
		)
	} catch (error) {
		if (error instanceof ArtifactError)
			throw new AppError('invalid', `${path}: ${error.message}`, { cause: error })
		throw error
	}
}
