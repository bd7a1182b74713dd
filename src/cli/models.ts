import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { AppError } from '../core/errors.ts'
import { artifactFormats } from '../explain/model.ts'
import { guessFormat } from '../registry/artifact/guess-format.ts'
import { type ApiAnswer, callApi } from './api.ts'
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

/** `requested`: the service takes no direct change there, and has drafted a request for it. */
type Change = {
	object: string
	result: 'created' | 'changed' | 'unchanged' | 'requested'
	request?: string
}

/** The request that was drafted in place of a change, if that is the answer. */
function requestIn({ status, body }: ApiAnswer): string | undefined {
	const { code, request } = body as { code?: string; request?: string }
	return status === 409 && code === 'needs-approval' ? request : undefined
}

/** Throws for a conflict that is no request. */
function checkConflict(answer: ApiAnswer, what: string): void {
	if (answer.status === 409 && requestIn(answer) === undefined)
		throw new AppError('conflict', `${what}: ${(answer.body as { detail?: string }).detail ?? 'in conflict'}`)
}

async function apply(terminal: Terminal, entry: z.output<typeof Named>, folder: string): Promise<Change[]> {
	const { versions, deployments, ...model } = entry
	const at = `/v1/models/${encodeURIComponent(model.model)}`
	const changes: Change[] = []
	const posted = await callApi(terminal, 'POST', '/v1/models', { json: model, allow: [409] })
	if (posted.status === 409) changes.push(...(await patchModel(terminal, at, model)))
	else changes.push({ object: model.model, result: posted.status === 201 ? 'created' : 'unchanged' })
	for (const version of versions)
		changes.push(...(await applyVersion(terminal, model.model, version, folder)))
	for (const [environment, deployment] of Object.entries(deployments)) {
		const object = `${model.model} in ${environment}`
		const path = `${at}/deployments/${encodeURIComponent(environment)}`
		const put = await callApi(terminal, 'PUT', path, { json: deployment, allow: [409] })
		checkConflict(put, object)
		const request = requestIn(put)
		if (request !== undefined) changes.push({ object, result: 'requested', request })
		else changes.push({ object, result: put.status === 201 ? 'created' : 'changed' })
	}
	return changes
}

/** A risk tier that needs approval is requested, and the rest is changed without it. */
async function patchModel(
	terminal: Terminal,
	at: string,
	{ model, task, ...patch }: { model: string; [member: string]: unknown },
): Promise<Change[]> {
	const known = (await callApi(terminal, 'GET', at)).body as { task: string }
	if (task !== known.task)
		throw new AppError(
			'conflict',
			`${model} is registered with the task ${known.task}, which cannot change: another task is another model.`,
		)
	const patched = await callApi(terminal, 'PATCH', at, { json: patch, allow: [409] })
	checkConflict(patched, model)
	const request = requestIn(patched)
	if (request === undefined) return [{ object: model, result: 'changed' }]
	const { riskTier: _, ...rest } = patch
	await callApi(terminal, 'PATCH', at, { json: rest })
	return [
		{ object: model, result: 'changed' },
		{ object: `risk tier of ${model}`, result: 'requested', request },
	]
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
PLUMBLINE_KEY with the role admin. What a protected environment does not take directly is requested instead.

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

Exit code: 0 everything is as in the file, 1 something waits for approval, 2 failure.
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
		else
			for (const { result, object, request } of changes)
				terminal.out(`${result.padEnd(10)} ${object}${request === undefined ? '' : `: ${request}`}\n`)
		const waiting = changes.flatMap(({ request }) => request ?? [])
		if (waiting.length === 0) return 0
		if (!args.values.json)
			terminal.err(
				`${waiting.length === 1 ? 'One change waits' : `${waiting.length} changes wait`} for approval by other people: \`plumbline requests ${waiting[0]}\` shows what will be done.\n`,
			)
		return 1
	},
}
