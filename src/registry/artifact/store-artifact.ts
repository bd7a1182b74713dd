import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { dayMs } from '../../core/time.ts'
import { commit } from '../../db/commit.ts'
import { versionArtifacts } from '../../db/schema.ts'
import type { Statement } from '../../db/sql.ts'
import type { ArtifactFormat } from '../../explain/model.ts'
import { linkInserts } from '../lineage/links.ts'
import type { VersionRow } from '../version/find-version.ts'

/**
 * Stores checked bytes, then notes that the version has them, so that what is noted is always there. The version's logged
 * days become due to be replayed.
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
		// Of a version that was registered without it, the upload says what it was made of.
		...linkInserts({ model, version }, [{ kind: 'artifact', value: sha256 }], 'version'),
	])
}

/** Every logged day of a version is to be replayed (again). */
const dueStatement = (model: string, version: string): Statement => ({
	sql: `INSERT INTO replay_due (series, day_ms, mark)
		SELECT DISTINCT c.series, c.day * ${dayMs}, 1 FROM log_series s JOIN log_chunk c ON c.series = s.id AND c.kind = 1
		WHERE s.model = ? AND s.version = ? AND s.segment = ''
		ON CONFLICT (series, day_ms) DO UPDATE SET mark = mark + 1`,
	params: [model, version],
})
