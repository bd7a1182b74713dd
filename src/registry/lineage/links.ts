import type { Change } from '../../db/commit.ts'
import type { TrainingRun } from '../../ports/lineage.ts'
import type { VersionRow } from '../version/find-version.ts'

/** What a version comes from, each kind a way to ask for the versions that came from it. */
export const originKinds = ['artifact', 'run', 'dataset', 'commit', 'image'] as const
export type OriginKind = (typeof originKinds)[number]
export type Link = { kind: OriginKind; value: string }

/** What of a version lineage needs: features and manifests are large. */
export type TracedVersion = Pick<
	VersionRow,
	'model' | 'version' | 'artifact' | 'lineage' | 'metrics' | 'createdAt'
>

/** What a version was registered with, as texts. */
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

/** How a value is stored and asked for: digests and commits are hexadecimal, whose case says nothing. */
export function normalOf(kind: OriginKind, value: string): string {
	if (kind === 'artifact') return value.replace(/^sha256:/i, '').toLowerCase()
	return kind === 'commit' ? value.toLowerCase() : value
}

/** A whole and the parts by which it is asked for too: a data set's fingerprint, an image's digest, a run's bare id. */
function ways(kind: OriginKind, text: string): string[] {
	const whole = normalOf(kind, text)
	const at = whole.lastIndexOf('@')
	if ((kind === 'dataset' || kind === 'image') && at > 0 && at < whole.length - 1)
		return [whole, whole.slice(0, at), whole.slice(at + 1)]
	const bare = kind === 'run' ? /^(?:mlflow:|runs:\/)([^/]+)/.exec(whole)?.[1] : undefined
	return bare === undefined ? [whole] : [whole, bare]
}

const linksOf = (pairs: readonly (readonly [OriginKind, string | null | undefined])[]): Link[] =>
	pairs.flatMap(([kind, text]) => (text ? ways(kind, text).map((value) => ({ kind, value })) : []))

/** The links of what a version was registered with. */
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

/** The links of what a tracking server says of the version's run. */
export const runLinks = (run: TrainingRun): Link[] =>
	linksOf([
		['run', `${run.source}:${run.id}`],
		...run.models.map(({ name, version }) => ['run', `models:/${name}/${version}`] as const),
		['commit', run.commit],
		...run.datasets.map(({ name, digest }) => ['dataset', [name, digest].filter(Boolean).join('@')] as const),
	])

/** Goes into the commit of the version, or of what was read of its run. A link that is there stays as it is. */
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
