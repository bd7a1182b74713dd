import type { Fault } from '../../core/errors.ts'
import { Manifest } from '../../explain/manifest.ts'

/** A version's manifest, or what is wrong in it, each with its path inside the manifest. */
export function readManifest(value: unknown): { manifest: Manifest } | { faults: Fault[] } {
	const result = Manifest.safeParse(value ?? {})
	if (result.success) return { manifest: result.data }
	return {
		faults: result.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
	}
}
