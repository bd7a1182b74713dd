import { and, eq, isNull } from 'drizzle-orm'
import type { Context } from '../../context.ts'
import { BoundedCache } from '../../core/bounded-cache.ts'
import { baselines } from '../../db/schema.ts'
import { decodeSlots } from '../../metrics/baseline-slots.ts'
import { type Reference, referenceOf } from '../../metrics/reference.ts'
import { emptyReference } from '../../metrics/window-result.ts'
import { decodeInputSummary } from '../../summaries/inputs/encoding.ts'
import { decodeBins, schemaBins } from '../../summaries/inputs/make-bins.ts'
import { findVersion } from '../version/find-version.ts'

// References are costly to make and never change: the digest covers everything that one is made of.
const references = new BoundedCache<string, Reference>({ max: 128 })

/** What a version is compared with: its baseline in force, or a reference without rows on the bins of its schema. */
export async function currentReference(context: Context, model: string, version: string): Promise<Reference> {
	const [row] = await context.db
		.select({ digest: baselines.digest })
		.from(baselines)
		.where(and(eq(baselines.model, model), eq(baselines.version, version), isNull(baselines.replacedAt)))
	if (row) return referenceByDigest(context, model, version, row.digest)
	const { features } = await findVersion(context, model, version)
	return emptyReference(schemaBins(features))
}

/** A baseline by its digest, also a replaced one; null means none. */
export async function referenceByDigest(
	context: Context,
	model: string,
	version: string,
	digest: string | null,
): Promise<Reference> {
	if (digest === null)
		return emptyReference(schemaBins((await findVersion(context, model, version)).features))
	const known = references.get(digest)
	if (known) return known
	const [row] = await context.db
		.select()
		.from(baselines)
		.where(and(eq(baselines.model, model), eq(baselines.version, version), eq(baselines.digest, digest)))
	if (!row) throw new RangeError(`the baseline ${digest} of ${model}@${version} is missing`)
	const plain = referenceOf(digest, decodeBins(row.bins), decodeInputSummary(row.inputSummary))
	const reference = row.seasons ? { ...plain, seasons: decodeSlots(row.seasons, plain) } : plain
	references.set(digest, reference)
	return reference
}

/** Whether a version has a baseline in force. */
export async function hasBaseline(context: Context, model: string, version: string): Promise<boolean> {
	const current = and(
		eq(baselines.model, model),
		eq(baselines.version, version),
		isNull(baselines.replacedAt),
	)
	return (
		(await context.db.select({ digest: baselines.digest }).from(baselines).where(current).limit(1)).length > 0
	)
}
