import type { Manifest } from '../explain/manifest.ts'
import type { Model } from '../explain/model.ts'
import type { OnnxModel } from '../explain/onnx/open-onnx.ts'

/**
 * What a model file was opened as. A model of ONNX that is run by its runtime alone has no `model`: it is replayed, and its
 * contributions can be estimated.
 */
export type OpenedModel = { model: Model; onnx?: OnnxModel } | { onnx: OnnxModel }

/** A version whose artefact can be replayed, or why it cannot. */
export type OpenedVersion = (OpenedModel & { manifest: Manifest; digest: string }) | { unavailable: string }

/** `again`: when it is worth trying again, where the version cannot be opened now. */
export type Loaded = { opened: OpenedVersion; again?: number }

/** Opened versions by a key that names their content. */
export type ModelCache = {
	/** What is there, or what `load` answers; opens of one key at the same time share one load. */
	open(key: string, load: () => Promise<Loaded>): Promise<OpenedVersion>
	/** Forgets that a version could not be opened. */
	forget(key: string): void
	/** Bytes that the models in it take, about, and may take. */
	bytes(): number
	readonly limitBytes: number
}
