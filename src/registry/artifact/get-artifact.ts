import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { authorise } from '../key/authorise.ts'
import { quote } from '../model/find-model.ts'
import { findVersion } from '../version/find-version.ts'
import type { ArtifactRecord } from './artifact.schema.ts'
import { findArtifact, isOfOthers } from './find-artifact.ts'

/** Throws `not-found` for a version without one. */
export async function getArtifact(
	context: Context,
	actor: Actor,
	name: { model: string; version: string },
): Promise<ArtifactRecord> {
	authorise(actor, readers, name.model)
	const row = await findVersion(context, name.model, name.version)
	const artifact = await findArtifact(context, row)
	if (!artifact)
		throw new AppError(
			'not-found',
			`The version ${quote(row.version)} of ${quote(row.model)} has no artefact.`,
			{ hint: { to: 'upload-artifact', model: row.model, version: row.version } },
		)
	const { sha256, format, uri = null, stored } = artifact
	const storedAt = stored ? formatTime(stored.storedAt) : null
	return {
		model: row.model,
		version: row.version,
		sha256,
		format,
		uri,
		bytes: stored?.bytes ?? null,
		storedAt,
	}
}

/** The file itself. That somebody took it is on the ledger: a model file is worth as much as the model. */
export async function readArtifactFile(
	context: Context,
	actor: Actor,
	name: { model: string; version: string },
): Promise<{ sha256: string; bytes: Uint8Array }> {
	authorise(actor, ['auditor', 'admin'], name.model)
	const { model, version, sha256 } = await getArtifact(context, actor, name)
	const hidden = await isOfOthers(context, model, sha256)
	const bytes = hidden ? undefined : await context.artifacts.get(sha256)
	if (!bytes)
		throw new AppError(
			'not-found',
			`The file ${sha256} of the version ${quote(version)} is not in the store: it was not uploaded, or not needed so far.`,
		)
	const entry = {
		action: 'read-artifact',
		object: `version:${model}@${version}`,
		model,
		after: `sha256:${sha256}`,
	}
	await commit(context, actor, entry, [])
	return { sha256, bytes }
}
