import type { Change } from '../../db/commit.ts'
import type { TrainingRun } from '../../ports/lineage.ts'
import type { VersionRow } from '../version/find-version.ts'

/** Kinds of origins of a version, by which versions can be found. */
export const originKinds = ['artifact', 'run', 'dataset', 'commit', 'image'] as const
export type OriginKind = (typeof originKinds)[number]
export type Link = { kind: OriginKind; value: string }

/** The part of a version that lineage needs: features and manifests are large. */
export type TracedVersion = Pick<
	VersionRow,
	'model' | 'version' | 'artifact' | 'lineage' | 'metrics' | 'createdAt'
>

/** The origins that a version was registered with. */
export type Origins = Record<Exclude<OriginKind, 'artifact'>, string | null> & {
	artifact: { sha256: string; format: string; uri?: string } | null
}

export function originsOf({ artifact, lineage }: Pick<VersionRow, 'artifact' | 'lineage'>): Origins {
	const text = (member: string) => {
		const value = lineage?.[member]
		return typeof value === 'string' ? value : null
	}
	return {
		artifact: (artifact as Origins['artifact']) ?? null,
		run: text('run'),
		dataset: text('dataset'),
		commit: text('commit'),
		image: text('image'),
	}
}

/** The normal form of a value: digests and commits are hexadecimal, so case does not matter. */
export function normalOf(kind: OriginKind, value: string): string {
	if (kind === 'artifact') return value.replace(/^sha256:/i, '').toLowerCase()
	return kind === 'commit' ? value.toLowerCase() : value
}

/** A value and the parts by which it can also be found: a data set's fingerprint, an image's digest, a run's id. */
function searchKeys(kind: OriginKind, text: string): string[] {
	const whole = normalOf(kind, text)
	const at = whole.lastIndexOf('@')
	if ((kind === 'dataset' || kind === 'image') && at > 0 && at < whole.length - 1)
		return [whole, whole.slice(0, at), whole.slice(at + 1)]
	const bare = kind === 'run' ? /^(?:mlflow:|runs:\/)([^/]+)/.exec(whole)?.[1] : undefined
	return bare === undefined ? [whole] : [whole, bare]
}

const linksOf = (pairs: readonly (readonly [OriginKind, string | null | undefined])[]): Link[] =>
	pairs.flatMap(([kind, text]) => (text ? searchKeys(kind, text).map((value) => ({ kind, value })) : []))

/** The links of a version's registered origins. */
export function versionLinks(row: Pick<VersionRow, 'artifact' | 'lineage'>): Link[] {
	const { artifact, run, dataset, commit, image } = originsOf(row)
	return linksOf([
		['artifact', artifact?.sha256],
		['run', run],
		['dataset', dataset],
		['commit', commit],
		['image', image],
	])
}

/** The links of a training run, as read from its tracking server. */
export const runLinks = (run: TrainingRun): Link[] =>
	linksOf([
		['run', `${run.source}:${run.id}`],
		...run.models.map(({ name, version }) => ['run', `models:/${name}/${version}`] as const),
		['commit', run.commit],
		...run.datasets.map(({ name, digest }) => ['dataset', [name, digest].filter(Boolean).join('@')] as const),
	])

/** Stores links, in the commit of the version or of its training run. Existing links stay as they are. */
export const linkInserts = (
	{ model, version }: { model: string; version: string },
	links: readonly Link[],
	source: 'version' | 'mlflow',
): Change[] =>
	links.length === 0
		? []
		: [
				{
					query: {
						sql: `INSERT OR IGNORE INTO lineage_link (kind, value, model, version, source)
							SELECT value ->> 0, value ->> 1, ?, ?, ? FROM json_each(?)`,
						params: [model, version, source, JSON.stringify(links.map(({ kind, value }) => [kind, value]))],
					},
				},
			]
