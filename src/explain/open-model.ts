import { openLinear } from './formats/linear.ts'
import { isTreeFormat, readTreeFile } from './formats/read-tree-file.ts'
import { openScorecard } from './formats/scorecard.ts'
import type { TreeFile } from './formats/tree-file.ts'
import type { Manifest } from './manifest.ts'
import { ArtifactError, type ArtifactFormat, type DeclaredFeature, type Model } from './model.ts'
import { treeModel } from './trees/tree-model.ts'

export type OpenOptions = {
	manifest?: Manifest
	/** The version's declared features, in order. */
	features?: readonly DeclaredFeature[]
}

/**
 * Opens a model from the bytes of its artefact; `openOnnx` opens ONNX models. The file is data: no code in it is run. Throws
 * ArtifactError for a file that is not, or not safely, of its format, and for a manifest that contradicts it.
 */
export function openModel(format: ArtifactFormat, bytes: Uint8Array, options: OpenOptions = {}): Model {
	if (bytes.length === 0) throw new ArtifactError('The file is empty. Upload it again.')
	if (isTreeFormat(format)) return openTrees(readTreeFile(format, bytes, options.manifest?.rounds), options)
	switch (format) {
		case 'linear-json':
			return openLinear(bytes, options)
		case 'scorecard':
			return openScorecard(bytes, options)
		case 'onnx':
			throw new ArtifactError('ONNX models are opened asynchronously by their runtime.')
	}
}

/** Opens the model of a tree file that was read, here or in a thread. Throws ArtifactError as `openModel` does. */
export const openTrees = (file: TreeFile, { manifest = {}, features = [] }: OpenOptions): Model =>
	treeModel(
		file,
		manifest,
		features.map(({ name }) => name),
	)
