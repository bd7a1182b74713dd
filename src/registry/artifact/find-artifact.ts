import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { versionArtifacts } from '../../db/schema.ts'
import type { ArtifactFormat } from '../../explain/model.ts'
import type { VersionRow } from '../version/find-version.ts'

/** What is stored of a version's artefact. */
export type StoredArtifact = { sha256: string; format: ArtifactFormat; bytes: number; storedAt: number }
/** A version's artefact, as it was registered or as it was bound to the version by the first upload. */
export type VersionArtifact = {
	sha256: string
	format: ArtifactFormat
	uri: string | undefined
	stored: StoredArtifact | undefined
}

export async function findStored(
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
 * Whether the stored bytes of a digest were brought by other models only. Files are kept by digest for all models: who
 * knows the digest of another model's file must not get at the file by registering that digest.
 */
export async function isOfOthers(context: Context, model: string, sha256: string): Promise<boolean> {
	const rows = await context.db
		.selectDistinct({ model: versionArtifacts.model })
		.from(versionArtifacts)
		.where(eq(versionArtifacts.sha256, sha256))
	return rows.length > 0 && !rows.some((row) => row.model === model)
}

/** Undefined for a version that has none: none registered, none uploaded. */
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
