import type { LineageEventType, LineageFact } from '../../ports/lineage.ts'

/** The sender of events, and the namespace of its jobs and models. */
export type Sender = { namespace: string; producer: string }

const spec = 'https://openlineage.io/spec'
export const schemaUrl = `${spec}/2-0-2/OpenLineage.json#/$defs/RunEvent`
/** The facet versions of OpenLineage 2-0-2. */
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
 * The OpenLineage 2-0-2 run event of a fact. The same fact always gives the same event and run, so that catalogues can ignore
 * duplicates. A model version is a data set (`<model>@<version>`), so that the graph of data sets leads from the training data
 * to the deployment.
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

/** OpenLineage names the data set of a URI by scheme and authority, then path. Other texts are names in our namespace. */
function datasetName(namespace: string, text: string): { namespace: string; name: string } {
	const [, authority, path] = /^([a-z][\w+.-]*:\/\/[^/]*)\/+(.+)$/i.exec(text) ?? []
	return authority !== undefined && path !== undefined
		? { namespace: authority, name: path }
		: { namespace, name: text }
}

/** Splits `name@fingerprint`; a text without `@` is both name and fingerprint. */
function fingerprinted(text: string): { name: string; fingerprint: string } {
	const at = text.lastIndexOf('@')
	return at > 0 && at < text.length - 1
		? { name: text.slice(0, at), fingerprint: text.slice(at + 1) }
		: { name: text, fingerprint: text }
}

type Parts = Pick<RunEvent, 'inputs' | 'outputs'> & {
	job: string
	jobType: string
	/** The name that the run's id is derived from. */
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

/** Plumbline's namespace for name-based ids; any fixed UUID would do. */
const uuidNamespace = [
	0x6b, 0x5d, 0x3c, 0x1e, 0x0f, 0x4a, 0x4d, 0x86, 0x9a, 0x57, 0x21, 0xc4, 0x7e, 0x90, 0xb8, 0x13,
] // biome-ignore format: one UUID

/** UUID version 5 (RFC 9562, 5.5) of a name: the same fact always has the same run. */
async function runIdOf(name: string): Promise<string> {
	const bytes = new Uint8Array([...uuidNamespace, ...new TextEncoder().encode(name)])
	const hash = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes)).slice(0, 16)
	hash[6] = ((hash[6] as number) & 0x0f) | 0x50
	hash[8] = ((hash[8] as number) & 0x3f) | 0x80
	const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
	return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
