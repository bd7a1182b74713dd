import { z } from 'zod'
import { type Output, TimeOrNull } from '../../core/schemas.ts'
import { ArtifactFormatName } from '../version/version.schema.ts'

const Digest = z.string().meta({ description: 'SHA-256 of the file, in hexadecimal.' })

const named = { model: z.string(), version: z.string(), sha256: Digest, format: ArtifactFormatName }

export const UploadedArtifact = z
	.strictObject({
		...named,
		bytes: z.int().meta({ description: 'Size of the file, unpacked.' }),
		features: z.array(z.string()).meta({ description: 'The features that the model takes, in its order.' }),
		outputs: z.int().meta({ description: '1, or one per class.' }),
		classes: z.array(z.string()).nullable(),
		space: z
			.enum(['log-odds', 'probability', 'points', 'value', 'log'])
			.meta({ description: 'The unit of contributions to its output.' }),
		warnings: z
			.array(z.string())
			.meta({ description: 'What does not prevent its use and is probably a mistake.' }),
	})
	.meta({ id: 'UploadedArtifact' })
export type UploadedArtifact = Output<typeof UploadedArtifact>

export const ArtifactRecord = z
	.strictObject({
		...named,
		uri: z.string().nullable().meta({ description: 'Where it is read from on first use.' }),
		bytes: z.int().nullable().meta({ description: 'Null until the file is stored.' }),
		storedAt: TimeOrNull,
	})
	.meta({ id: 'Artifact' })
export type ArtifactRecord = Output<typeof ArtifactRecord>
