import type { Context } from '../../context.ts'
import type { TracedVersion } from '../../registry/lineage/links.ts'

type Row = Pick<TracedVersion, 'model' | 'version' | 'artifact'>

/** Versions with the artefact that an upload bound to them, where they were registered without one. */
export async function withUploaded<R extends Row>(context: Context, rows: readonly R[]): Promise<R[]> {
	const bare = rows.filter((row) => row.artifact === null)
	if (bare.length === 0) return [...rows]
	const found = (await context.sql.values({
		sql: `SELECT model, version, sha256, format FROM version_artifact
			WHERE (model, version) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`,
		params: [JSON.stringify(bare.map(({ model, version }) => [model, version]))],
	})) as unknown as [string, string, string, string][]
	const keyOf = (model: string, version: string) => JSON.stringify([model, version])
	const uploaded = new Map(
		found.map(([model, version, sha256, format]) => [keyOf(model, version), { sha256, format }]),
	)
	return rows.map((row) => ({
		...row,
		artifact: row.artifact ?? uploaded.get(keyOf(row.model, row.version)) ?? null,
	}))
}
