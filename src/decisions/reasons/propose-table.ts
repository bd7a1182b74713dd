import { eq, sql } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { type Actor, personOf } from '../../core/actor.ts'
import { sha256Hex } from '../../core/bytes.ts'
import { canonicalJson } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { modelVersions, reasonTables } from '../../db/schema.ts'
import { checkReasonTable, type ReasonTable } from '../../explain/reasons/reason-table.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { findModel } from '../../registry/model/find-model.ts'
import { findVersion } from '../../registry/version/find-version.ts'
import type { ReasonTableProposal, TableRecord } from './reason-table.schema.ts'
import { type TableContent, type TableRow, toTableRecord } from './table-record.ts'

/**
 * Proposes the reasons for a model's decisions, for one version or for all. The table is in force after two other people
 * approved it. Throws `invalid` with each fault: unspecific texts, and features that are not scored or are protected.
 */
export async function proposeTable(
	context: Context,
	actor: Actor,
	model: string,
	input: ReasonTableProposal,
): Promise<TableRecord> {
	authorise(actor, ['analyst', 'approver'], model)
	const { sensitive } = await findModel(context, model)
	const version = input.version ?? null
	check(input.table, await featuresOf(context, model, version), sensitive)
	const content = canonicalJson({ model, version, table: input.table } satisfies TableContent)
	const [newest] = await context.db
		.select({ revision: sql<number | null>`max(${reasonTables.revision})` })
		.from(reasonTables)
		.where(eq(reasonTables.model, model))
	const row: TableRow = {
		model,
		revision: (newest?.revision ?? 0) + 1,
		version,
		content,
		digest: `sha256:${await sha256Hex(content)}`,
		proposer: actor.id,
		proposerPerson: personOf(actor),
		reason: input.reason,
		createdAt: context.now(),
		approvedAt: null,
	}
	const entry = {
		action: 'propose-reason-table',
		object: `reason-table:${model}/${row.revision}`,
		model,
		why: row.reason.slice(0, 1000),
		after: row.digest,
		details: { version },
	}
	const query = context.db.insert(reasonTables).values(row).onConflictDoNothing()
	await commit(context, actor, entry, [{ query, guarded: true }])
	return toTableRecord(row, [], undefined)
}

/** The features that the version, or any version of the model, declares. */
async function featuresOf(context: Context, model: string, version: string | null): Promise<string[]> {
	const rows =
		version === null
			? await context.db
					.select({ features: modelVersions.features })
					.from(modelVersions)
					.where(eq(modelVersions.model, model))
			: [await findVersion(context, model, version)]
	return [...new Set(rows.flatMap((row) => row.features.map((f) => f.name)))]
}

function check(table: ReasonTable, features: readonly string[], sensitive: readonly string[]): void {
	const known = features.length > 0 ? features : undefined
	const faults = checkReasonTable(table, { sensitive, features: known }).map(({ path, message }) => ({
		path: `table.${path}`,
		message,
	}))
	const [first] = faults
	if (first)
		throw new AppError('invalid', `The table is invalid. ${first.path}: ${first.message}.`, {
			faults: faults.slice(0, 50),
		})
}
