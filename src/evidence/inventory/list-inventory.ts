import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { cursorText, type Page, type PageQuery, toPage } from '../../core/page.ts'
import { formatTime } from '../../core/time.ts'
import { authorise, seesAll } from '../../registry/key/authorise.ts'
import { reachedModels } from '../../registry/model/find-model.ts'
import { csvRecord } from '../../tables/write-csv.ts'
import type { InventoryItem } from './inventory.schema.ts'

type Row = Omit<InventoryItem, 'versions' | 'serving' | 'validatedAt' | 'nextReview'> & {
	versions: string
	serving: string
	validatedAt: number | null
	nextReview: number | null
}

// Each subquery reads the few rows of one model by an index. ?1: after which name; ?2: the names in scope, or null.
const select = `SELECT m.name AS model, m.owner AS owner, m.risk_tier AS riskTier, m.task AS task, m.purpose AS purpose,
	(SELECT json_group_array(v.version) FROM (SELECT version FROM model_version WHERE model = m.name ORDER BY created_at, version) v)
		AS versions,
	(SELECT json_group_object(d.environment, d.champion) FROM deployment d WHERE d.model = m.name AND d.revision =
		(SELECT max(l.revision) FROM deployment l WHERE l.model = d.model AND l.environment = d.environment)) AS serving,
	m.validated_at AS validatedAt, m.next_review AS nextReview,
	(SELECT count(*) FROM incident i WHERE i.model = m.name AND i.status <> 'resolved') AS openIncidents
	FROM model m WHERE m.name > ?1 AND (?2 IS NULL OR m.name IN (SELECT value FROM json_each(?2)))
	ORDER BY m.name LIMIT ?3`

const time = (ms: number | null): string | null => (ms === null ? null : formatTime(ms))

const toItem = ({ versions, serving, validatedAt, nextReview, ...rest }: Row): InventoryItem => ({
	...rest,
	versions: JSON.parse(versions),
	serving: JSON.parse(serving),
	validatedAt: time(validatedAt),
	nextReview: time(nextReview),
})

/** The models in the actor's scope by name, with what a regulator asks of each. */
export async function listInventory(
	context: Context,
	actor: Actor,
	{ cursor, limit }: PageQuery,
): Promise<Page<InventoryItem>> {
	authorise(actor, 'viewer')
	const names = seesAll(actor) ? null : JSON.stringify(await reachedModels(context, actor))
	const params = [cursorText(cursor) ?? '', names, limit + 1]
	const rows = await context.sql.all<Row>({ sql: select, params })
	return toPage(rows, limit, (row) => row.model, toItem)
}

const columns = [
	...(['model', 'owner', 'riskTier', 'task', 'purpose', 'versions', 'serving'] as const),
	...(['validatedAt', 'nextReview', 'openIncidents'] as const),
]
const rowsAtOnce = 1000

/** All of them as CSV. Versions are separated by semicolons; what serves is `environment=version`. */
export async function inventoryCsv(context: Context, actor: Actor): Promise<string> {
	const records = [csvRecord(columns)]
	let cursor: string | undefined
	do {
		const page = await listInventory(context, actor, { cursor, limit: rowsAtOnce })
		for (const item of page.items)
			records.push(
				csvRecord(
					columns.map((column) => {
						if (column === 'versions') return item.versions.join('; ')
						if (column !== 'serving') return item[column]
						const serving = Object.entries(item.serving).sort(([a], [b]) => (a < b ? -1 : 1))
						return serving.map(([environment, version]) => `${environment}=${version}`).join('; ')
					}),
				),
			)
		cursor = page.next ?? undefined
	} while (cursor !== undefined)
	return records.join('')
}
