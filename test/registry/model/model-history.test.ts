import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { migrate, openSql } from '../../../src/db/open-node.ts'

const folder = new URL('../../../migrations', import.meta.url).pathname
const isOlder = (name: string) => name.endsWith('migrations') || name < '0010'

it('settings from before they were kept are in force since they were last changed', async () => {
	const scratch = await mkdtemp(join(tmpdir(), 'plumbline-'))
	const older = join(scratch, 'migrations')
	await cp(folder, older, {
		recursive: true,
		filter: (source) => isOlder(source.split('/').at(-1) as string),
	})
	const sql = await openSql(`file:${join(scratch, 'old.db')}`)
	await migrate(sql, older)
	const model = (name: string, revision: number) => ({
		sql: `INSERT INTO model (name, task, tags, positive_label, threshold, sensitive, segments, upstreams, retention_ms,
			created_at, revision) VALUES (?, 'binary', '[]', '1', 0.4, '["SEX"]', '[]', '[]', 1, 1000, ?)`,
		params: [name, revision],
	})
	const entry = {
		sql: `INSERT INTO ledger_entry VALUES (0, 5000, 'x', 'change-model', 'model:changed', 'changed', '{}', x'00')`,
	}
	await sql.batch([model('fresh', 1), model('changed', 3), entry])
	await migrate(sql, folder)
	const rows = await sql.values({
		sql: 'SELECT model, revision, since, settings FROM model_history ORDER BY model',
	})
	const settings = {
		...{ task: 'binary', riskTier: null, positiveLabel: '1', threshold: 0.4, sensitive: ['SEX'] },
		...{ tags: [], segments: [], upstreams: [], retentionMs: 1, maturity: { coverage: 0.8, delay: '30d' } },
	}
	expect(
		rows.map(([name, revision, since, text]) => [name, revision, since, JSON.parse(String(text))]),
	).toEqual([
		['changed', 3, 5000, settings],
		['fresh', 1, 1000, settings],
	])
	await sql.close()
	await rm(scratch, { recursive: true, force: true })
})
