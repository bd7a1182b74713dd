import type { Context } from '../../context.ts'
import { isTreeFormat } from '../../explain/formats/read-tree-file.ts'
import type { Manifest } from '../../explain/manifest.ts'
import { ArtifactError, type ArtifactFormat, type Model } from '../../explain/model.ts'
import { openOnnx } from '../../explain/onnx/open-onnx.ts'
import { openModel, openTrees } from '../../explain/open-model.ts'
import type { OpenedModel } from '../../ports/model-cache.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import { refuseKnown } from './guess-format.ts'

/** What a version says of its model beside the file. */
export type Declared = { manifest: Manifest; features: readonly FeatureSpec[] }

/** Files of trees from this size on hold up requests for longer, a tenth of a second, than a thread takes to start. */
const largeBytes = 4 * 2 ** 20

/** Reads a model from its bytes; nothing in them is executed. Throws ArtifactError with the reason and the way out. */
export async function openBytes(
	context: Pick<Context, 'onnx' | 'readTrees'>,
	format: ArtifactFormat,
	bytes: Uint8Array,
	declared: Declared,
): Promise<OpenedModel> {
	refuseKnown(bytes)
	if (format !== 'onnx') {
		const model =
			context.readTrees && isTreeFormat(format) && bytes.length >= largeBytes
				? openTrees(await context.readTrees(format, bytes, declared.manifest.rounds), declared)
				: openModel(format, bytes, declared)
		checkThreshold(model, declared.manifest)
		return { model }
	}
	const onnx = await openOnnx(bytes, declared, context.onnx?.())
	checkThreshold(onnx, declared.manifest)
	return onnx.exact ? { model: onnx.exact, onnx } : { onnx }
}

/** A threshold that no probability reaches, or every one does, would turn all decisions into one. */
function checkThreshold({ space }: Pick<Model, 'space'>, { threshold, logged }: Manifest): void {
	const isProbability = space === 'probability' || (space === 'log-odds' && logged !== 'margin')
	if (threshold === undefined || !isProbability || (threshold >= 0 && threshold <= 1)) return
	throw new ArtifactError(
		`The manifest's threshold is ${threshold}, and the model's scores are probabilities. Give it between 0 and 1; for logged margins say \`"logged": "margin"\`.`,
	)
}
