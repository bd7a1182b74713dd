import { nearest } from '../../core/nearest.ts'
import { Manifest } from '../../explain/manifest.ts'
import type { Model } from '../../explain/model.ts'
import type { VersionRow } from '../version/find-version.ts'

const known = Object.keys(Manifest.shape)
const maxNamed = 10

const list = (names: readonly string[]): string =>
	names
		.slice(0, maxNamed)
		.map((n) => JSON.stringify(n))
		.join(', ') + (names.length > maxNamed ? ` and ${names.length - maxNamed} more` : '')

/** What does not stop a file from being used, and is probably not meant. */
export function artifactWarnings(
	row: Pick<VersionRow, 'features' | 'manifest'>,
	model: Pick<Model, 'features'>,
): string[] {
	const warnings: string[] = []
	const manifest = row.manifest ?? {}
	for (const name of Object.keys(manifest)) {
		if (known.includes(name)) continue
		const near = nearest(name, known)
		warnings.push(
			`The manifest's member ${JSON.stringify(name)} is kept and not used${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`,
		)
	}
	const taken = new Set(model.features)
	const declared = row.features.map((f) => f.name)
	const unused = declared.filter((name) => !taken.has(name))
	if (unused.length > 0)
		warnings.push(`The version declares features that the model does not use: ${list(unused)}`)
	const undeclared = model.features.filter((name) => !declared.includes(name))
	if (declared.length > 0 && undeclared.length > 0)
		warnings.push(`The model uses features that the version does not declare: ${list(undeclared)}`)
	for (const part of ['encodings', 'limits'] as const) {
		const odd = Object.keys((manifest[part] ?? {}) as object).filter((name) => !taken.has(name))
		for (const name of odd.slice(0, maxNamed)) {
			const near = nearest(name, model.features)
			warnings.push(
				`The manifest's ${part} name ${JSON.stringify(name)}, which the model does not use${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`,
			)
		}
	}
	return warnings
}
