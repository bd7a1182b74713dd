import type { Manifest } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'
import type { OnnxModel } from '../../explain/onnx/open-onnx.ts'

/**
 * What a model file was opened as. A model of ONNX that is run by its runtime alone has no `model`: it is replayed, and its
 * contributions can be estimated.
 */
export type OpenedModel = { model: Model; onnx?: OnnxModel } | { onnx: OnnxModel }

/** A version whose artefact can be replayed, or why it cannot. */
export type OpenedVersion = (OpenedModel & { manifest: Manifest; digest: string }) | { unavailable: string }
