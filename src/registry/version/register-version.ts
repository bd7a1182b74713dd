import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { canonicalJson, digestOf } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import { modelVersions } from '../../db/schema.ts'
import { authorise } from '../key/authorise.ts'
import { factMessages } from '../lineage/facts.ts'
import { linkInserts, versionLinks } from '../lineage/links.ts'
import { runMessages } from '../lineage/training-run.ts'
import { findModel, quote } from '../model/find-model.ts'
import { findVersion, toVersionRecord, type VersionRow } from './find-version.ts'
import type { VersionInput, VersionRecord } from './version.schema.ts'

const content = ({ createdAt: _, ...rest }: VersionRow) => rest

/**
 * Registers a version of a model. A version never changes: the same content again returns the existing version with
 * `isNew: false`; other content throws `conflict`.
 */
export async function registerVersion(
	context: Context,
	actor: Actor,
	model: string,
	input: VersionInput,
): Promise<{ record: VersionRecord; isNew: boolean }> {
	authorise(actor, 'admin', model)
	await findModel(context, model)
	const { artifact = null, manifest = null, lineage = null, metrics = null, version, features } = input
	const row: VersionRow = {
		model,
		version,
		features,
		artifact,
		manifest,
		lineage,
		metrics,
		createdAt: context.now(),
	}
	const details = {
		features: features.length,
		...(artifact ? { artifact: `sha256:${artifact.sha256}` } : {}),
	}
	const entry = {
		action: 'register-version',
		object: `version:${model}@${version}`,
		model,
		after: await digestOf(content(row)),
		details,
	}
	try {
		const query = context.db.insert(modelVersions).values(row).onConflictDoNothing()
		await commit(context, actor, entry, [
			{ query, guarded: true },
			...linkInserts(row, versionLinks(row), 'version'),
			...runMessages(context, row),
			...factMessages(context, { fact: 'version', model, version }),
		])
		return { record: toVersionRecord(row), isNew: true }
	} catch (error) {
		if (!(error instanceof AppError && error.code === 'conflict')) throw error
		const existing = await findVersion(context, model, version)
		if (canonicalJson(content(existing)) === canonicalJson(content(row)))
			return { record: toVersionRecord(existing), isNew: false }
		throw new AppError(
			'conflict',
			`The version ${quote(version)} of ${quote(model)} is registered with other content. A version never changes: register the new content under a new version.`,
			{ cause: error },
		)
	}
}
