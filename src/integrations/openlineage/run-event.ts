import type { LineageEventType, LineageFact } from '../../ports/lineage.ts'
import { runIdOf } from './run-id.ts'

/** Who sends, and in which namespace its jobs and models are. */
export type Sender = { namespace: string; producer: string }

const spec = 'https://openlineage.io/spec'
export const schemaUrl = `${spec}/2-0-2/OpenLineage.json#/$defs/RunEvent`
/** The versions of the facets as they stood with 2-0-2. */
const facetVersions = {
	DatasetVersionDatasetFacet: '1-0-1',
	DatasetTypeDatasetFacet: '1-0-1',
	SchemaDatasetFacet: '1-2-0',
	TagsRunFacet: '1-0-0',
	JobTypeJobFacet: '2-0-4',
	OutputStatisticsOutputDatasetFacet: '1-0-2',
} as const

export type Facet = { _producer: string; _schemaURL: string; [member: string]: unknown }
export type EventDataset = {
	namespace: string
	name: string
	facets: Record<string, Facet>
	outputFacets?: Record<string, Facet>
}
export type RunEvent = {
	eventType: LineageEventType
	eventTime: string
	producer: string
	schemaURL: string
	run: { runId: string; facets: Record<string, Facet> }
	job: { namespace: string; name: string; facets: Record<string, Facet> }
	inputs: EventDataset[]
	outputs: EventDataset[]
}

type Make = {
	facet(name: keyof typeof facetVersions, members: Record<string, unknown>): Facet
	dataset(name: string, version: string | undefined, facets?: Record<string, Facet>): EventDataset
	model(model: string, version: string): EventDataset
}

/**
 * The OpenLineage 2-0-2 run event of a fact. The same fact gives the same event, with the same run, so that a catalogue
 * that is told twice knows it once. A model version is a data set of its own (`<model>@<version>`), so that a graph of
 * data sets leads from the training data to what serves.
 */
export async function toRunEvent(
	fact: LineageFact,
	type: LineageEventType,
	sender: Sender,
): Promise<RunEvent> {
	const make = maker(sender)
	const { job, jobType, id, inputs, outputs, tags } = parts(fact, make)
	return {
		eventType: type,
		eventTime: fact.at,
		producer: sender.producer,
		schemaURL: schemaUrl,
		run: {
			runId: await runIdOf(`${sender.namespace}/${id}`),
			facets:
				tags.length === 0
					? {}
					: {
							tags: make.facet('TagsRunFacet', {
								tags: tags.map(([key, value]) => ({ key, value, source: 'PLUMBLINE' })),
							}),
						},
		},
		job: {
			namespace: sender.namespace,
			name: job,
			facets: {
				jobType: make.facet('JobTypeJobFacet', {
					processingType: 'BATCH',
					integration: 'PLUMBLINE',
					jobType,
				}),
			},
		},
		inputs,
		outputs: type === 'COMPLETE' ? outputs : [],
	}
}

function maker({ namespace, producer }: Sender): Make {
	const facet: Make['facet'] = (name, members) => ({
		_producer: producer,
		_schemaURL: `${spec}/facets/${facetVersions[name]}/${name}.json#/$defs/${name}`,
		...members,
	})
	const versioned = (version: string | undefined) =>
		version === undefined ? {} : { version: facet('DatasetVersionDatasetFacet', { datasetVersion: version }) }
	return {
		facet,
		dataset: (text, version, facets = {}) => ({
			...datasetName(namespace, text),
			facets: { ...versioned(version), ...facets },
		}),
		model: (model, version) => ({
			namespace,
			name: `${model}@${version}`,
			facets: {
				...versioned(version),
				datasetType: facet('DatasetTypeDatasetFacet', { datasetType: 'MODEL' }),
			},
		}),
	}
}

/** A URI is named as OpenLineage names data sets: scheme and authority, then the path. Else it is a name of ours. */
function datasetName(namespace: string, text: string): { namespace: string; name: string } {
	const [, authority, path] = /^([a-z][\w+.-]*:\/\/[^/]*)\/+(.+)$/i.exec(text) ?? []
	return authority !== undefined && path !== undefined
		? { namespace: authority, name: path }
		: { namespace, name: text }
}

/** `name@fingerprint`, as versions write it; a text without `@` is name and fingerprint at once. */
function fingerprinted(text: string): { name: string; fingerprint: string } {
	const at = text.lastIndexOf('@')
	return at > 0 && at < text.length - 1
		? { name: text.slice(0, at), fingerprint: text.slice(at + 1) }
		: { name: text, fingerprint: text }
}

type Parts = Pick<RunEvent, 'inputs' | 'outputs'> & {
	job: string
	jobType: string
	/** What the run's id is made of. */
	id: string
	tags: [string, string][]
}

function parts(fact: LineageFact, make: Make): Parts {
	if (fact.kind === 'version') return versionParts(fact, make)
	if (fact.kind === 'baseline') return baselineParts(fact, make)
	const { model, environment, revision, versions } = fact
	const service = make.dataset(`${model}/${environment}`, String(revision), {
		datasetType: make.facet('DatasetTypeDatasetFacet', { datasetType: 'MODEL', subType: 'DEPLOYMENT' }),
	})
	return {
		job: `${model}.deploy.${environment}`,
		jobType: 'DEPLOYMENT',
		id: `deployment/${model}/${environment}/${revision}`,
		inputs: [...new Set(versions.map((v) => v.version))].map((version) => make.model(model, version)),
		outputs: [service],
		tags: versions.map(({ version, role, percent }) => [
			role,
			percent === undefined ? version : `${version} at ${percent}%`,
		]),
	}
}

function versionParts(fact: LineageFact & { kind: 'version' }, make: Make): Parts {
	const { model, version, features, artifact, lineage } = fact
	const { dataset, run, commit, image } = lineage
	const { name, fingerprint } = fingerprinted(dataset ?? '')
	const output = make.model(model, version)
	const fields = features.map((f, i) => ({ name: f.name, type: f.type, ordinal_position: i + 1 }))
	const known = { run, commit, image, artifact: artifact ? `sha256:${artifact.sha256}` : undefined }
	return {
		job: `${model}.train`,
		jobType: 'TRAINING',
		id: `version/${model}/${version}`,
		inputs: dataset === undefined ? [] : [make.dataset(name, fingerprint)],
		outputs: [
			{ ...output, facets: { ...output.facets, schema: make.facet('SchemaDatasetFacet', { fields }) } },
		],
		tags: Object.entries(known).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
	}
}

function baselineParts(fact: LineageFact & { kind: 'baseline' }, make: Make): Parts {
	const { model, version, digest, rows } = fact
	return {
		job: `${model}.baseline`,
		jobType: 'BASELINE',
		id: `baseline/${model}/${version}/${digest}`,
		inputs: [make.model(model, version)],
		outputs: [
			{
				...make.dataset(`${model}@${version}/baseline`, digest),
				outputFacets: {
					outputStatistics: make.facet('OutputStatisticsOutputDatasetFacet', { rowCount: rows }),
				},
			},
		],
		tags: [],
	}
}
