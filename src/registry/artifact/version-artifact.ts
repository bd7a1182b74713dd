import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, readers } from '../../core/actor.ts'
import { AppError } from '../../core/errors.ts'
import { dayMs, formatTime } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { versionArtifacts } from '../../db/schema.ts'
import type { Statement } from '../../db/sql.ts'
import type { ArtifactFormat } from '../../explain/model.ts'
import { authorise } from '../key/authorise.ts'
import { linkInserts } from '../lineage/links.ts'
import { quote } from '../model/find-model.ts'
import { findVersion, type VersionRow } from '../version/find-version.ts'
import type { ArtifactRecord } from './artifact.schema.ts'

/** The record of a stored artefact. */
type StoredArtifact = { sha256: string; format: ArtifactFormat; bytes: number; storedAt: number }
/** A version's artefact: the registered one, or the one of the first upload. */
export type VersionArtifact = {
	sha256: string
	format: ArtifactFormat
	uri: string | undefined
	stored: StoredArtifact | undefined
}

async function findStored(
	context: Context,
	model: string,
	version: string,
): Promise<StoredArtifact | undefined> {
	const one = and(eq(versionArtifacts.model, model), eq(versionArtifacts.version, version))
	const [row] = await context.db.select().from(versionArtifacts).where(one).limit(1)
	if (!row) return undefined
	const { sha256, format, bytes, storedAt } = row
	return { sha256, format: format as ArtifactFormat, bytes, storedAt }
}

/**
 * Whether the stored bytes of a digest were provided by other models only. Files are stored by digest for all models:
 * registering the digest of another model's file must not give access to the file.
 */
export async function belongsToOthers(context: Context, model: string, sha256: string): Promise<boolean> {
	const rows = await context.db
		.selectDistinct({ model: versionArtifacts.model })
		.from(versionArtifacts)
		.where(eq(versionArtifacts.sha256, sha256))
	return rows.length > 0 && !rows.some((row) => row.model === model)
}

/** Undefined for a version without an artefact: none registered, none uploaded. */
export async function findArtifact(
	context: Context,
	row: Pick<VersionRow, 'model' | 'version' | 'artifact'>,
): Promise<VersionArtifact | undefined> {
	const stored = await findStored(context, row.model, row.version)
	const registered = row.artifact as { sha256: string; format: ArtifactFormat; uri?: string } | null
	const { sha256, format } = registered ?? stored ?? {}
	if (sha256 === undefined || format === undefined) return undefined
	return { sha256, format, uri: registered?.uri, stored }
}

/**
 * Stores checked bytes, then the record of them, so that recorded bytes always exist. All logged days of the version become
 * due for replay.
 */
export async function storeArtifact(
	context: Context,
	actor: Pick<Actor, 'id' | 'how'>,
	{ model, version }: Pick<VersionRow, 'model' | 'version'>,
	file: { sha256: string; format: ArtifactFormat; bytes: Uint8Array; uri?: string },
): Promise<void> {
	const { sha256, format, bytes, uri } = file
	await context.artifacts.put(sha256, bytes)
	const row = { model, version, sha256, format, bytes: bytes.byteLength, storedAt: context.now() }
	const entry = {
		action: 'store-artifact',
		object: `version:${model}@${version}`,
		model,
		after: `sha256:${sha256}`,
		details: { format, bytes: bytes.byteLength, ...(uri === undefined ? {} : { uri }) },
	}
	const query = context.db.insert(versionArtifacts).values(row).onConflictDoNothing()
	await commit(context, actor, entry, [
		{ query, guarded: true },
		{ query: dueStatement(model, version) },
		// A version that was registered without an artefact gets its link from the upload.
		...linkInserts({ model, version }, [{ kind: 'artifact', value: sha256 }], 'version'),
	])
}

/** Makes every logged day of a version due for replay. */
const dueStatement = (model: string, version: string): Statement => ({
	sql: `INSERT INTO replay_due (series, day_ms, mark)
		SELECT DISTINCT c.series, c.day * ${dayMs}, 1 FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
		WHERE s.model = ? AND s.version = ? AND s.segment = ''
		ON CONFLICT (series, day_ms) DO UPDATE SET mark = mark + 1`,
	params: [model, version],
})

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

/** The bytes of the file. Reading them makes a ledger entry: a model file is worth as much as the model. */
export async function readArtifactFile(
	context: Context,
	actor: Actor,
	name: { model: string; version: string },
): Promise<{ sha256: string; bytes: Uint8Array }> {
	authorise(actor, ['auditor', 'admin'], name.model)
	const { model, version, sha256 } = await getArtifact(context, actor, name)
	const hidden = await belongsToOthers(context, model, sha256)
	const bytes = hidden ? undefined : await context.artifacts.get(sha256)
	if (!bytes)
		throw new AppError(
			'not-found',
			`The file ${sha256} of the version ${quote(version)} is not in the store: it was never uploaded, or has not been needed yet.`,
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
