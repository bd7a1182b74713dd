import type { DeclaredFeature } from './declared-feature.ts'
import { readLightgbm } from './formats/lightgbm.ts'
import { openLinear } from './formats/linear.ts'
import { openScorecard } from './formats/scorecard.ts'
import { readXgboost } from './formats/xgboost.ts'
import type { Manifest } from './manifest.ts'
import { ArtifactError, type ArtifactFormat, type Model } from './model.ts'
import { treeModel } from './trees/tree-model.ts'

export type OpenOptions = {
	manifest?: Manifest
	/** The version's declared features, in order. */
	features?: readonly DeclaredFeature[]
}

/**
 * A model of its artefact's bytes, all formats but ONNX, whose runtime is opened asynchronously elsewhere. The file is data:
 * nothing of it is run. Throws ArtifactError for a file that is not, or not safely, what its format says, and for a manifest
 * that contradicts it.
 */
export function openModel(format: ArtifactFormat, bytes: Uint8Array, options: OpenOptions = {}): Model {
	const manifest = options.manifest ?? {}
	const declared = (options.features ?? []).map((feature) => feature.name)
	if (bytes.length === 0) throw new ArtifactError('The file is empty. Upload it again.')
	switch (format) {
		case 'xgboost-json':
		case 'xgboost-ubj':
			return treeModel(readXgboost(bytes, format, manifest.rounds), manifest, declared)
		case 'lightgbm-text':
			return treeModel(readLightgbm(bytes, manifest.rounds), manifest, declared)
		case 'linear-json':
			return openLinear(bytes, options)
		case 'scorecard':
			return openScorecard(bytes, options)
		case 'onnx':
			throw new ArtifactError('ONNX models are opened by their runtime, asynchronously, and not here.')
	}
}
