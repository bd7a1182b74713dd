import type { Manifest } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'

/** A version whose artefact can be replayed, or why it cannot. */
export type OpenedVersion = { model: Model; manifest: Manifest; digest: string } | { unavailable: string }
