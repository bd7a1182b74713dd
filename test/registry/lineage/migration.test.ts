import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { migrate, openSql } from '../../../src/db/open-node.ts'
import { versionLinks } from '../../../src/registry/lineage/links.ts'

const migrations = new URL('../../../migrations', import.meta.url).pathname

it('versions from before there was an index are found as those that come after', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'plumbline-links-'))
	const older = join(folder, 'migrations')
	await cp(migrations, older, { recursive: true })
	const later = (await readdir(older)).filter((name) => name >= '0012').sort()
	for (const name of later) await rm(join(older, name))
	const sql = await openSql(`file:${join(folder, 'old.db')}`)
	await migrate(sql, older)
	const artifact = { sha256: 'a'.repeat(64), format: 'onnx' }
	const lineage = {
		run: 'mlflow:4f1c',
		dataset: 's3://data/x.parquet@sha256:dd',
		commit: 'ABCDEF0',
		image: 'registry/score:7@sha256:ee',
	}
	await sql.batch([
		{
			sql: `INSERT INTO model (name, task, tags, sensitive, segments, upstreams, retention_ms, created_at, revision)
				VALUES ('m', 'binary', '[]', '[]', '[]', '[]', 1, 0, 1)`,
		},
		{
			sql: "INSERT INTO model_version (model, version, features, artifact, lineage, created_at) VALUES ('m', '1', '[]', ?, ?, 0)",
			params: [JSON.stringify(artifact), JSON.stringify(lineage)],
		},
		{ sql: "INSERT INTO model_version (model, version, features, created_at) VALUES ('m', '2', '[]', 0)" },
	])
	expect(later[0]).toBe('0012_lineage.sql')
	expect(await migrate(sql, migrations)).toEqual(later)
	const rows = await sql.values({ sql: 'SELECT kind, value, model, version, source FROM lineage_link' })
	const wanted = versionLinks({ artifact, lineage }).map(({ kind, value }) => [
		kind,
		value,
		'm',
		'1',
		'version',
	])
	expect(rows.map((r) => [...r]).sort()).toEqual(wanted.sort())
	await sql.close()
	await rm(folder, { recursive: true })
})
