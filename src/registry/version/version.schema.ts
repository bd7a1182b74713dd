import { z } from 'zod'
import { Time } from '../../core/schemas.ts'
import { readManifest } from '../../explain/manifest.ts'
import { artifactFormats } from '../../explain/model.ts'
import { FieldName, Name } from '../model/name.ts'

const reserved = ['$score', '$decision']
const featureTypes = ['numeric', 'categorical', 'boolean', 'text'] as const
const category = z.union([z.string().max(1024), z.number(), z.boolean()]).transform(String)

/** Any JSON object, stored as sent: `__proto__` is a name like any other. */
const JsonObject = z
	.custom<Record<string, unknown>>(
		(v) => typeof v === 'object' && v !== null && !Array.isArray(v),
		'must be a JSON object',
	)
	.meta({ type: 'object', additionalProperties: true })

/** Known members are validated, since replays would otherwise fail much later; other members are stored as sent. */
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
			description: 'The name in rows. `$score` and `$decision` are reserved.',
			example: 'LIMIT_BAL',
		}),
		type: z.enum(featureTypes).meta({
			description: 'Values of another type are stored and counted as type errors.',
			example: 'numeric',
		}),
		min: z
			.number()
			.optional()
			.meta({ description: 'Numeric only: a lower value is a range violation.', example: 0 }),
		max: z.number().optional().meta({ description: 'Numeric only: a higher value is a range violation.' }),
		values: z
			.array(category)
			.max(10_000)
			.optional()
			.meta({ description: 'Not for numeric features: any other value is a domain violation.' }),
		nullable: z.boolean().optional().meta({ description: 'Whether null is allowed. Default true.' }),
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
	.meta({ id: 'Feature', description: 'A feature that the version declares.' })

/** Features per version: the same limit as features per row. */
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
				'must not contain a user or password, which everybody with access to the version would see; use s3://, or a host that PLUMBLINE_ARTIFACT_HOSTS allows',
		})
		.optional()
		.meta({ description: 'Where to read the file.', example: 's3://models/credit-default/7/model.json' }),
	sha256: z
		.string()
		.regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')
		.transform((s) => s.toLowerCase())
		.meta({
			description: 'SHA-256 of the file, in hexadecimal.',
			example: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
		}),
	format: ArtifactFormatName.meta({ description: 'The format of the file.', example: 'xgboost-json' }),
})

export const VersionInput = z
	.strictObject({
		version: Name.meta({ description: 'The version, as rows name it.', example: '7' }),
		features: Features.meta({ description: 'The features of a row, in the order of the model.' }),
		artifact: Artifact.optional(),
		manifest: ManifestObject.optional().meta({
			description:
				'What replaying needs beyond the model file: `features` (order), `missing` (the number for missing values), `encodings`, `link`, `threshold`, `adverse`, `classes`, `logged` (score or margin), `rounds`, `limits` and `endpoint`. Other members are kept.',
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
			.meta({
				description: 'What the version was made from.',
				example: { run: 'mlflow:4f1c', commit: '9fceb02' },
			}),
		metrics: JsonObject.optional().meta({
			description: 'Metrics measured in training.',
			example: { roc_auc: 0.77 },
		}),
	})
	.meta({ id: 'VersionInput', description: 'A version to register.' })
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
export type VersionRecord = z.output<typeof VersionRecord>
