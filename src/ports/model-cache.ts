import type { Manifest } from '../explain/manifest.ts'
import type { Model } from '../explain/model.ts'
import type { OnnxModel } from '../explain/onnx/open-onnx.ts'

/**
 * An opened model file. An ONNX model that only its runtime can run has no `model`: it can be replayed, and its contributions
 * can be estimated.
 */
export type OpenedModel = { model: Model; onnx?: OnnxModel } | { onnx: OnnxModel }

/** A version whose artefact can be replayed, or why it cannot be. */
export type OpenedVersion = (OpenedModel & { manifest: Manifest; digest: string }) | { unavailable: string }

/** `again`: when to retry, for a version that cannot be opened now. */
export type Loaded = { opened: OpenedVersion; again?: number }

/** Opened versions by a key that names their content. */
export type ModelCache = {
	/** The cached model, else the result of `load`. Concurrent calls for a key share one load. */
	open(key: string, load: () => Promise<Loaded>): Promise<OpenedVersion>
	/** Removes the entry of a version that could not be opened. */
	forget(key: string): void
	/** About how many bytes the cached models take. */
	bytes(): number
	readonly limitBytes: number
}
