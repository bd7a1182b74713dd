import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { AppError } from '../core/errors.ts'
import { artifactFormats } from '../explain/model.ts'
import { guessFormat } from '../registry/artifact/guess-format.ts'
import { callApi } from './api.ts'
import type { Terminal } from './command.ts'

/** An artefact of models.yaml: what the service takes, or a file that is uploaded. Digest and format are then found out. */
export const ArtifactEntry = z.union([
	z.strictObject({ file: z.string().min(1), format: z.enum(artifactFormats).optional() }),
	z.looseObject({ sha256: z.string() }),
])

export type LocalArtifact = { path: string; bytes: Uint8Array; sha256: string; format: string }

/** The file that an entry names, beside models.yaml; undefined for an entry without one. */
export async function localArtifact(
	entry: z.output<typeof ArtifactEntry> | undefined,
	folder: string,
): Promise<LocalArtifact | undefined> {
	if (!entry || !('file' in entry) || typeof entry.file !== 'string') return undefined
	const path = resolve(folder, entry.file)
	const bytes = await readFile(path).catch((cause) => {
		throw new AppError('not-found', `The artefact ${path} cannot be read: ${cause.message}`, { cause })
	})
	const format = (entry.format as string | undefined) ?? guessFormat(bytes)
	if (format === undefined)
		throw new AppError(
			'invalid',
			`The format of ${path} cannot be told from its content. Say it as artifact.format: ${artifactFormats.join(', ')}.`,
		)
	return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex'), format }
}

/** Uploads the file of a version unless the service has it. Answers the warnings; undefined when it was there. */
export async function uploadArtifact(
	terminal: Terminal,
	at: string,
	{ bytes, sha256 }: LocalArtifact,
): Promise<string[] | undefined> {
	const known = await callApi(terminal, 'GET', `${at}/artifact`, { allow: [404] })
	const { storedAt, sha256: stored } = (known.body ?? {}) as { storedAt?: string | null; sha256?: string }
	if (known.status === 200 && storedAt && stored === sha256) return undefined
	const answer = await callApi(terminal, 'PUT', `${at}/artifact`, {
		body: bytes as Uint8Array<ArrayBuffer>,
		type: 'application/octet-stream',
	})
	return (answer.body as { warnings: string[] }).warnings
}
