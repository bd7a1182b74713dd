import type { Sql, Statement } from '../../db/sql.ts'
import { hashKeys } from '../keys/key-index.ts'
import { kindNumber, type RowKind } from '../row-kinds.ts'

/** Counts what changes stored rows in place, so that whoever read them before notices when it writes. */
export const erasuresKey = 'erasures'
export const countErasure: Statement = {
	sql: `INSERT INTO log_state (key, value) VALUES ('${erasuresKey}', '1')
		ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1`,
}

/** The number of erasures so far. */
export async function erasuresOf(sql: Sql): Promise<number> {
	const [row] = await sql.all<{ value: string }>({
		sql: 'SELECT value FROM log_state WHERE key = ?',
		params: [erasuresKey],
	})
	return Number(row?.value ?? 0)
}

/** Fails a batch when rows were erased since `erasures` was read. */
export const noErasureSince = (erasures: number): Statement => ({
	sql: `INSERT INTO guard (ok) SELECT coalesce((SELECT value FROM log_state WHERE key = '${erasuresKey}'), 0) + 0 = ?`,
	params: [erasures],
})

type IdHashes = { hash: number; checked: number }
const keyOf = ({ hash, checked }: IdHashes) => `${hash} ${checked}`

/** The ids of erased predictions, known by 80 bits of seeded hashes: as many as join a prediction to its outcome. */
export class ErasedIds {
	/** As of the last `refresh`. */
	erasures = 0
	private models = new Set<string>()
	private readonly sql: Sql
	private readonly seed: number

	constructor(sql: Sql, seed: number) {
		this.sql = sql
		this.seed = seed
	}

	async refresh(): Promise<void> {
		this.erasures = await erasuresOf(this.sql)
		const rows = await this.sql.all<{ name: string }>({
			sql: 'SELECT name FROM model WHERE EXISTS (SELECT 1 FROM log_refused_id e WHERE e.model = model.name)',
		})
		this.models = new Set(rows.map(({ name }) => name))
	}

	hashesOf(model: string, ids: readonly string[]): IdHashes[] {
		const { high, low } = hashKeys(this.seed, kindNumber.prediction, model, ids)
		const checks = hashKeys(~this.seed, kindNumber.prediction, model, ids).high
		return ids.map((_, i) => ({
			hash: (high[i] as number) * 2 ** 16 + (low[i] as number),
			checked: checks[i] as number,
		}))
	}

	/** As stored now, by whichever process. */
	async has(model: string, id: string): Promise<boolean> {
		const hashes = this.hashesOf(model, [id])
		return (await this.stored(model, hashes)).has(keyOf(hashes[0] as IdHashes))
	}

	/** Positions of rows whose prediction is erased. `ids` are those that the rows are stored under. */
	async among(model: string, kind: RowKind, ids: readonly string[]): Promise<ReadonlySet<number>> {
		if (!this.models.has(model)) return new Set()
		const named =
			kind === 'feature' || kind === 'group' ? ids.map((id) => (id.startsWith('p') ? id.slice(1) : '')) : ids
		const hashes = this.hashesOf(model, named)
		const erased = await this.stored(model, hashes)
		return new Set(hashes.flatMap((one, i) => (named[i] !== '' && erased.has(keyOf(one)) ? [i] : [])))
	}

	/** Those that are stored, by `keyOf`. */
	private async stored(model: string, hashes: readonly IdHashes[]): Promise<ReadonlySet<string>> {
		const rows = await this.sql.all<IdHashes>({
			sql: `SELECT hash, checked FROM log_refused_id
				WHERE model = ? AND hash IN (SELECT value FROM json_each(?))`,
			params: [model, JSON.stringify(hashes.map(({ hash }) => hash))],
		})
		return new Set(rows.map(keyOf))
	}

	/** The statements that refuse these ids from then on. */
	refusing(model: string, ids: readonly string[]): Statement[] {
		const rows = this.hashesOf(model, ids).map(({ hash, checked }) => [hash, checked])
		return [
			{
				sql: `INSERT OR IGNORE INTO log_refused_id (model, hash, checked)
					SELECT ?, value ->> 0, value ->> 1 FROM json_each(?)`,
				params: [model, JSON.stringify(rows)],
			},
			countErasure,
		]
	}
}
