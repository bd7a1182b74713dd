import type { Manifest } from '../../explain/manifest.ts'
import { ArtifactError, type ArtifactFormat, type Model } from '../../explain/model.ts'
import type { FeatureSpec } from '../../profile/grid.ts'

/** What a version says of its model beside the file. */
export type Declared = { manifest: Manifest; features: readonly FeatureSpec[] }

/** Reads a model from its bytes; nothing in them is executed. Throws ArtifactError with the reason and the way out. */
export async function openBytes(
	format: ArtifactFormat,
	_bytes: Uint8Array,
	_declared: Declared,
): Promise<Model> {
	throw new ArtifactError(`The format ${format} cannot be read yet.`)
}
