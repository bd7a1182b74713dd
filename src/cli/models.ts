import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { AppError } from '../core/errors.ts'
import { callApi } from './api.ts'
import { ArtifactEntry, localArtifact, uploadArtifact } from './artifact-file.ts'
import { type Command, requirePositional, type Terminal, UsageError } from './command.ts'

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

/** A version whose artefact is a file is registered with the file's digest; then the file is uploaded. */
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

Brings the service at PLUMBLINE_URL to what the file says; again changes nothing. Needs PLUMBLINE_KEY with the role admin.

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
          artifact: { file: model.json }    # uploaded; beside this file
      deployments:
        production: { champion: "1" }

  --json     for machines
`,
	options: {},
	async run(terminal, args) {
		if (requirePositional(args, 0, '"apply"') !== 'apply')
			throw new UsageError('models knows one verb: apply.')
		const path = requirePositional(args, 1, 'The file')
		const file = await readModels(path)
		const changes: Change[] = []
		for (const model of file.models) changes.push(...(await apply(terminal, model, dirname(path))))
		if (args.values.json) terminal.out(`${JSON.stringify({ changes })}\n`)
		else for (const c of changes) terminal.out(`${c.result.padEnd(10)} ${c.object}\n`)
		return 0
	},
}
