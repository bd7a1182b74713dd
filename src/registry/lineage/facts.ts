import { and, eq } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import type { Result } from '../../core/result.ts'
import { formatTime } from '../../core/time.ts'
import type { Change } from '../../db/commit.ts'
import { type FactReference, outboxInsert } from '../../db/outbox.ts'
import { baselines, deployments, modelVersions } from '../../db/schema.ts'
import type { LineageFact } from '../../ports/lineage.ts'
import { originsOf } from './links.ts'

type Fact = FactReference extends infer F ? (F extends unknown ? Omit<F, 'type'> : never) : never

/**
 * Outbox messages that report a fact to the lineage catalogue, for the commit that creates it: START, then COMPLETE, each
 * once. Empty without a catalogue.
 */
export function factMessages(context: Context, fact: Fact): Change[] {
	if (!context.lineageSink) return []
	const now = context.now()
	const keyOf = (type: string) => JSON.stringify(['lineage', ...Object.values(fact), type])
	const start = { ...fact, type: 'START' } as FactReference
	const complete = { ...fact, type: 'COMPLETE' } as FactReference
	return [
		outboxInsert(now, { kind: 'lineage', key: keyOf('START'), payload: start }),
		outboxInsert(now, { kind: 'lineage', key: keyOf('COMPLETE'), payload: complete, after: keyOf('START') }),
	]
}

/** Sends a lineage event from the outbox. */
export async function sendFact(context: Context, reference: FactReference): Promise<Result<'sent'>> {
	const { lineageSink: sink } = context
	// The catalogue may be connected again: delivery is retried.
	if (!sink) return failed('PLUMBLINE_OPENLINEAGE_URL is not set in this process', true)
	const fact = await readFact(context, reference)
	return fact ? sink.send(fact, reference.type) : failed('the fact is not stored', false)
}

const failed = (message: string, retryable: boolean) =>
	({ ok: false, error: { message, retryable } }) as const

/** A fact never changes, so it can be read when it is sent. */
async function readFact(context: Context, reference: FactReference): Promise<LineageFact | undefined> {
	const { model } = reference
	if (reference.fact === 'version') return versionFact(context, model, reference.version)
	if (reference.fact === 'deployment')
		return deploymentFact(context, model, reference.environment, reference.revision)
	const { version, digest } = reference
	const [row] = await context.db
		.select({ rows: baselines.rows, createdAt: baselines.createdAt })
		.from(baselines)
		.where(and(eq(baselines.model, model), eq(baselines.version, version), eq(baselines.digest, digest)))
	return row && { kind: 'baseline', at: formatTime(row.createdAt), model, version, digest, rows: row.rows }
}

async function versionFact(
	context: Context,
	model: string,
	version: string,
): Promise<LineageFact | undefined> {
	const [row] = await context.db
		.select()
		.from(modelVersions)
		.where(and(eq(modelVersions.model, model), eq(modelVersions.version, version)))
	if (!row) return undefined
	const { artifact, ...lineage } = originsOf(row)
	return {
		kind: 'version',
		at: formatTime(row.createdAt),
		model,
		version,
		features: row.features.map(({ name, type }) => ({ name, type })),
		artifact,
		lineage: Object.fromEntries(Object.entries(lineage).filter(([, value]) => value !== null)),
	}
}

async function deploymentFact(
	context: Context,
	model: string,
	environment: string,
	revision: number,
): Promise<LineageFact | undefined> {
	const one = and(
		eq(deployments.model, model),
		eq(deployments.environment, environment),
		eq(deployments.revision, revision),
	)
	const [row] = await context.db.select().from(deployments).where(one)
	if (!row) return undefined
	const { champion, challenger, canary } = row
	return {
		kind: 'deployment',
		at: formatTime(row.since),
		model,
		environment,
		revision,
		versions: [
			{ version: champion, role: 'champion' },
			...(challenger === null ? [] : [{ version: challenger, role: 'challenger' } as const]),
			...(canary === null ? [] : [{ ...canary, role: 'canary' } as const]),
		],
	}
}
