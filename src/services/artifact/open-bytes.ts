import type { Context } from '../../context.ts'
import type { Manifest } from '../../explain/manifest.ts'
import type { ArtifactFormat } from '../../explain/model.ts'
import { openOnnx } from '../../explain/onnx/open-onnx.ts'
import { openModel } from '../../explain/open-model.ts'
import type { FeatureSpec } from '../../profile/grid.ts'
import { refuseKnown } from './guess-format.ts'
import type { OpenedModel } from './opened-version.ts'

/** What a version says of its model beside the file. */
export type Declared = { manifest: Manifest; features: readonly FeatureSpec[] }

/** Reads a model from its bytes; nothing in them is executed. Throws ArtifactError with the reason and the way out. */
export async function openBytes(
	context: Pick<Context, 'onnx'>,
	format: ArtifactFormat,
	bytes: Uint8Array,
	declared: Declared,
): Promise<OpenedModel> {
	refuseKnown(bytes)
	if (format !== 'onnx') return { model: openModel(format, bytes, declared) }
	const onnx = await openOnnx(bytes, declared, context.onnx?.())
	return onnx.exact ? { model: onnx.exact, onnx } : { onnx }
}
