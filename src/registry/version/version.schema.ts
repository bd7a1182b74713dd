import { z } from 'zod'
import { Time } from '../../core/schemas.ts'
import { readManifest } from '../../explain/manifest.ts'
import { artifactFormats } from '../../explain/model.ts'
import { FieldName, Name } from '../model/name.ts'

const reserved = ['$score', '$decision']
const featureTypes = ['numeric', 'categorical', 'boolean', 'text'] as const
const category = z.union([z.string().max(1024), z.number(), z.boolean()]).transform(String)

/** Any JSON object, kept as it is sent: `__proto__` is a name like any other. */
const JsonObject = z
	.custom<Record<string, unknown>>(
		(v) => typeof v === 'object' && v !== null && !Array.isArray(v),
		'must be a JSON object',
	)
	.meta({ type: 'object', additionalProperties: true })

/** Its known members must be right, or replays would fail for a reason that nobody sees; others are kept. */
const ManifestObject = JsonObject.superRefine((value, issues) => {
	const read = readManifest(value)
	for (const { path, message } of 'faults' in read ? read.faults : [])
		issues.addIssue({ code: 'custom', path: path === '' ? [] : path.split('.'), message })
})

export const FeatureInput = z
	.strictObject({
		name: FieldName.refine(
			(name) => !reserved.includes(name),
			`${reserved.join(' and ')} name the model's own output`,
		).meta({
			description: 'As it stands in rows. `$score` and `$decision` are reserved.',
			example: 'LIMIT_BAL',
		}),
		type: z
			.enum(featureTypes)
			.meta({ description: 'Values of another type are kept and marked.', example: 'numeric' }),
		min: z
			.number()
			.optional()
			.meta({ description: 'Numeric only: below it is a range violation.', example: 0 }),
		max: z.number().optional().meta({ description: 'Numeric only: above it is a range violation.' }),
		values: z
			.array(category)
			.max(10_000)
			.optional()
			.meta({ description: 'Not numeric: others are domain violations.' }),
		nullable: z.boolean().optional().meta({ description: 'Whether null is in order. Default true.' }),
	})
	.superRefine((spec, issues) => {
		const fault = (path: string, message: string) =>
			issues.addIssue({ code: 'custom', path: [path], message })
		const { type, min, max, values } = spec
		if (type !== 'numeric' && min !== undefined) fault('min', `is for numeric features; this one is ${type}`)
		if (type !== 'numeric' && max !== undefined) fault('max', `is for numeric features; this one is ${type}`)
		if (type === 'numeric' && values !== undefined)
			fault('values', 'is not for numeric features; give min and max')
		if (min !== undefined && max !== undefined && min > max) fault('max', `is below min, ${min}`)
		if (values !== undefined && new Set(values).size < values.length) fault('values', 'names a value twice')
	})
	.meta({ id: 'Feature', description: 'A feature as the version declares it.' })

/** Features that one version can declare: the same limit as features a row. */
export const maxFeatures = 2000

const Features = z
	.array(FeatureInput)
	.max(maxFeatures, `at most ${maxFeatures} features (limit featuresPerRow)`)
	.superRefine((features, issues) => {
		const seen = new Set<string>()
		features.forEach(({ name }, i) => {
			if (seen.has(name))
				issues.addIssue({
					code: 'custom',
					path: [i, 'name'],
					message: `${JSON.stringify(name)} is declared twice`,
				})
			seen.add(name)
		})
	})

export const ArtifactFormatName = z.enum(artifactFormats)
const text = z.string().min(1).max(2048)

export const Artifact = z.strictObject({
	uri: text
		.refine((uri) => !/^https?:\/\/[^/?#]*@/i.test(uri), {
			error:
				'must hold no user or password, since whoever sees the version sees it; use s3://, or a host that PLUMBLINE_ARTIFACT_HOSTS allows',
		})
		.optional()
		.meta({ description: 'Where the bytes are.', example: 's3://models/credit-default/7/model.json' }),
	sha256: z
		.string()
		.regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
		.transform((s) => s.toLowerCase())
		.meta({
			description: 'SHA-256 of the bytes, in hexadecimal.',
			example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
		}),
	format: ArtifactFormatName.meta({ description: 'What the bytes are.', example: 'xgboost-json' }),
})

export const VersionInput = z
	.strictObject({
		version: Name.meta({ description: 'The version, as rows name it.', example: '7' }),
		features: Features.meta({ description: 'What a row of it holds, in the order of the model.' }),
		artifact: Artifact.optional(),
		manifest: ManifestObject.optional().meta({
			description:
				'What the model file lacks and replaying it takes: `features` (order), `missing` (the number that stands for a missing value), `encodings`, `link`, `threshold`, `adverse`, `classes`, `logged` (score or margin), `rounds`, `limits` and `endpoint`. Other members are kept.',
			example: { missing: -999, logged: 'score' },
		}),
		lineage: z
			.strictObject({
				run: text.optional(),
				dataset: text.optional(),
				commit: text.optional(),
				image: text.optional(),
			})
			.optional()
			.meta({ description: 'Where it comes from.', example: { run: 'mlflow:4f1c', commit: '9fceb02' } }),
		metrics: JsonObject.optional().meta({
			description: 'What its training measured.',
			example: { roc_auc: 0.77 },
		}),
	})
	.meta({ id: 'VersionInput', description: 'A version to be registered.' })
export type VersionInput = z.output<typeof VersionInput>

const anyObject = z.record(z.string(), z.unknown())

export const VersionRecord = z
	.strictObject({
		model: z.string(),
		version: z.string(),
		features: z.array(FeatureInput),
		artifact: anyObject.nullable(),
		manifest: anyObject.nullable(),
		lineage: anyObject.nullable(),
		metrics: anyObject.nullable(),
		createdAt: Time,
	})
	.meta({ id: 'Version' })
