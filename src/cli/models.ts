import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { AppError } from '../core/errors.ts'
import { artifactFormats } from '../explain/model.ts'
import { guessFormat } from '../registry/artifact/guess-format.ts'
import { callApi } from './api.ts'
import { type Command, requirePositional, type Terminal, UsageError } from './command.ts'

/** An artefact in models.yaml: as in the HTTP interface, or a file to upload, whose digest and format are computed. */
export const ArtifactEntry = z.union([
	z.strictObject({ file: z.string().min(1), format: z.enum(artifactFormats).optional() }),
	z.looseObject({ sha256: z.string() }),
])

export type LocalArtifact = { path: string; bytes: Uint8Array; sha256: string; format: string }

/** The file of an entry, relative to models.yaml; undefined for an entry without a file. */
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
			`The format of ${path} cannot be detected. Set artifact.format to one of ${artifactFormats.join(', ')}.`,
		)
	return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex'), format }
}

/** Uploads the file of a version unless the service has it. Returns the warnings, or undefined if it was already there. */
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

const Version = z.looseObject({ version: z.string(), artifact: ArtifactEntry.optional() })
const Named = z.looseObject({
	model: z.string(),
	versions: z.array(Version).default([]),
	deployments: z.record(z.string(), z.looseObject({ champion: z.string() })).default({}),
})
const ModelsFile = z.strictObject({ models: z.array(Named) })

type Change = { object: string; result: 'created' | 'changed' | 'unchanged' }

async function apply(terminal: Terminal, entry: z.output<typeof Named>, folder: string): Promise<Change[]> {
	const { versions, deployments, ...model } = entry
	const at = `/v1/models/${encodeURIComponent(model.model)}`
	const changes: Change[] = []
	const posted = await callApi(terminal, 'POST', '/v1/models', { json: model, allow: [409] })
	if (posted.status === 409) {
		const { model: _, ...patch } = model
		await callApi(terminal, 'PATCH', at, { json: patch })
	}
	changes.push({
		object: model.model,
		result: posted.status === 201 ? 'created' : posted.status === 409 ? 'changed' : 'unchanged',
	})
	for (const version of versions)
		changes.push(...(await applyVersion(terminal, model.model, version, folder)))
	for (const [environment, deployment] of Object.entries(deployments)) {
		const { status } = await callApi(
			terminal,
			'PUT',
			`${at}/deployments/${encodeURIComponent(environment)}`,
			{ json: deployment },
		)
		changes.push({
			object: `${model.model} in ${environment}`,
			result: status === 201 ? 'created' : 'changed',
		})
	}
	return changes
}

/** A version whose artefact is a file is registered with the digest of the file; then the file is uploaded. */
async function applyVersion(
	terminal: Terminal,
	model: string,
	version: z.output<typeof Version>,
	folder: string,
): Promise<Change[]> {
	const at = `/v1/models/${encodeURIComponent(model)}/versions`
	const file = await localArtifact(version.artifact, folder)
	const artifact = file ? { sha256: file.sha256, format: file.format } : version.artifact
	const { status } = await callApi(terminal, 'POST', at, {
		json: { ...version, ...(artifact ? { artifact } : {}) },
	})
	const object = `${model}@${version.version}`
	const changes: Change[] = [{ object, result: status === 201 ? 'created' : 'unchanged' }]
	if (!file) return changes
	const warnings = await uploadArtifact(terminal, `${at}/${encodeURIComponent(version.version)}`, file)
	for (const warning of warnings ?? []) terminal.err(`${object}: ${warning}\n`)
	return [...changes, { object: `${object} artefact`, result: warnings ? 'created' : 'unchanged' }]
}

async function readModels(path: string): Promise<z.output<typeof ModelsFile>> {
	const text = await readFile(path, 'utf8').catch((cause) => {
		throw new AppError('not-found', `${path} cannot be read: ${cause.message}`, { cause })
	})
	const result = ModelsFile.safeParse(parse(text))
	if (result.success) return result.data
	const issue = result.error.issues[0]
	throw new AppError('invalid', `${path}: ${issue?.path.join('.')}: ${issue?.message}`)
}

export const models: Command = {
	help: `Usage: plumbline models apply FILE.yaml

Registers what the file describes with the service at PLUMBLINE_URL. Applying it again changes nothing. Needs
PLUMBLINE_KEY with the role admin.

  models:
    - model: credit-risk
      task: binary
      positiveLabel: default
      favourable: repaid                  # the decision that is good for the person
      threshold: 0.5
      segments: [branch]
      versions:
        - version: "1"
          features:
            - { name: income, type: numeric, min: 0 }
            - { name: region, type: categorical }
          artifact: { file: model.json }    # uploaded; relative to this file
      deployments:
        production: { champion: "1" }

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		if (requirePositional(args, 0, '"apply"') !== 'apply')
			throw new UsageError('The only verb of models is apply.')
		const path = requirePositional(args, 1, 'The file')
		const file = await readModels(path)
		const changes: Change[] = []
		for (const model of file.models) changes.push(...(await apply(terminal, model, dirname(path))))
		if (args.values.json) terminal.out(`${JSON.stringify({ changes })}\n`)
		else for (const c of changes) terminal.out(`${c.result.padEnd(10)} ${c.object}\n`)
		return 0
	},
}
