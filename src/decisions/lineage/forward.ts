import type { Context } from '../../context.ts'
import { formatTime } from '../../core/time.ts'
import type { PredictionCount } from '../../log/prediction-log.ts'
import type { VersionRow } from '../../registry/version/find-version.ts'
import { addDeployment } from './back.ts'
import type { LineageGraph } from './graph.ts'
import { deployers } from './ledger.ts'
import { roleIn, type ServingThen } from './moment.ts'

type Named = Pick<VersionRow, 'model' | 'version'>
export type Service = Omit<ServingThen, 'requests'> & Named & { total: number }

/** Of each version the latest revisions; the total says how many there are. */
const shownRevisions = 20

type Row = [
	...[version: string, model: string, environment: string, revision: number],
	...[champion: string, challenger: string | null, canary: string | null],
	...[since: number, until: number | null, total: number],
]

/** Every revision that some of these versions served in, the latest first. */
export async function servedIn(context: Context, versions: readonly Named[]): Promise<Service[]> {
	const rows = (await context.sql.values({
		sql: `SELECT * FROM (
				SELECT v.value ->> 1 AS version, d.model, d.environment, d.revision, d.champion, d.challenger, d.canary,
					d.since, (SELECT n.since FROM deployment n WHERE n.model = d.model AND n.environment = d.environment
						AND n.revision = d.revision + 1), count(*) OVER w,
					row_number() OVER (PARTITION BY v.value ORDER BY d.since DESC, d.revision DESC) AS place
				FROM json_each(?) v JOIN deployment d ON d.model = v.value ->> 0
					AND v.value ->> 1 IN (d.champion, d.challenger, json_extract(d.canary, '$.version'))
				WINDOW w AS (PARTITION BY v.value)
			) WHERE place <= ? ORDER BY model, version, since DESC, revision DESC`,
		params: [JSON.stringify(versions.map((v) => [v.model, v.version])), shownRevisions],
	})) as unknown as Row[]
	const places = rows.map(([, model, environment]) => ({ model, environment }))
	const ledgerRefs = await deployers(context, places)
	return rows.map(
		([version, model, environment, revision, champion, challenger, canary, since, until, total]) => {
			const row = { model, environment, revision, champion, challenger, canary: parse(canary), since }
			return {
				...row,
				version,
				as: roleIn(row, version),
				since: formatTime(since),
				until: until === null ? null : formatTime(until),
				setBy: ledgerRefs.get(`${model}/${environment}/${revision}`) ?? null,
				total,
			}
		},
	)
}

const parse = (canary: string | null): ServingThen['canary'] => (canary === null ? null : JSON.parse(canary))

/** Where versions served, and how many decisions they made there. */
export function addUses(
	graph: LineageGraph,
	services: readonly Service[],
	counts: readonly PredictionCount[],
): void {
	for (const { total: _, version, ...serving } of services)
		addDeployment(graph, serving.model, `version:${serving.model}@${version}`, serving)
	for (const { model, version, environment, rows, from, to } of counts) {
		const [first, last] = [formatTime(from), formatTime(to)]
		const id = graph.node('decisions', `${model}@${version}/${environment}`, {
			model,
			version,
			environment,
			count: rows,
			from: first,
			to: last,
		})
		graph.edge(`version:${model}@${version}`, id, 'decided', last)
	}
}
