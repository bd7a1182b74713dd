import { links32, links64, logit64, type TreeFile, type TreeLink } from '../formats/tree-file.ts'
import type { Manifest } from '../manifest.ts'
import { ArtifactError } from '../model.ts'

// LightGBM writes underscores for the spaces of a name.
const written = (name: string) => name.replace(/\s/g, '_')

const few = (names: readonly string[]) =>
	names
		.slice(0, 3)
		.map((name) => JSON.stringify(name))
		.join(', ')

function withoutDoubles(names: readonly string[], where: string): readonly string[] {
	const seen = new Set<string>()
	for (const name of names) {
		if (seen.has(name)) throw new ArtifactError(`${where} names ${JSON.stringify(name)} twice.`)
		seen.add(name)
	}
	return names
}

/**
 * The name of each column: the manifest's, else the file's own, else the declared features in order. Throws ArtifactError
 * where the manifest and the file disagree, or nothing tells the names.
 */
export function inputNames(
	file: TreeFile,
	manifest: Manifest,
	declared: readonly string[],
): readonly string[] {
	const count = file.columns.length
	const among = new Set(declared)
	const given = manifest.features
	if (given && given.length !== count)
		throw new ArtifactError(
			`The manifest names ${given.length} features and the file has ${count}. Give one a column, in the order of training.`,
		)
	if (given && file.names) {
		const { names } = file
		const at = given.findIndex((name, i) => name !== names[i] && written(name) !== names[i])
		if (at >= 0)
			throw new ArtifactError(
				`The manifest's feature ${at + 1} is ${JSON.stringify(given[at])} and the file's is ${JSON.stringify(names[at])}. Correct the manifest, or leave \`features\` out: the file names its own.`,
			)
	}
	if (given) return withoutDoubles(given, 'The manifest')
	if (file.names) return withoutDoubles(asDeclared(file.names, declared), 'The file')
	const own = unnamed(file)
	if (own.every((name) => among.has(name))) return own
	if (declared.length === count) return withoutDoubles(declared, 'The version')
	throw new ArtifactError(
		`The file does not name its ${count} features, and the version declares ${declared.length}${declared.length > 0 ? ` (${few(declared)} …)` : ''}. Give \`features\` in the manifest, in the order of training.`,
	)
}

/** The file's names, with the spaces that it replaced where the version declares such a name. */
function asDeclared(names: readonly string[], declared: readonly string[]): string[] {
	const exact = new Set(declared)
	const byWritten = new Map(declared.map((name) => [written(name), name]))
	return names.map((name) => (exact.has(name) ? name : (byWritten.get(name) ?? name)))
}

/** What the library itself calls columns that nobody named: whoever logs them so has said which is which. */
const unnamed = ({ format, columns }: TreeFile): string[] =>
	columns.map((_, i) => (format === 'lightgbm-text' ? `Column_${i}` : `f${i}`))

/** Whether nothing but their order tells which column has which name. */
export const isByOrder = (file: TreeFile, manifest: Manifest, names: readonly string[]): boolean =>
	!file.names && !manifest.features && names[0] !== unnamed(file)[0]

/**
 * How margins become scores: as the file's objective says. The manifest may add a link where the objective has none (raw
 * margins, an objective of one's own), and may not change one.
 */
export function checkManifest(file: TreeFile, manifest: Manifest): TreeLink {
	const { outputs, precision } = file.ensemble
	const { classes, link } = manifest
	const classCount = outputs === 1 ? 2 : outputs
	if (classes && classes.length !== classCount)
		throw new ArtifactError(
			`The manifest names ${classes.length} classes and the file has ${outputs === 1 ? 'one output, of 2 classes at most' : outputs}. Correct \`classes\`.`,
		)
	if (link === undefined || link === file.link.name) return file.link
	if (file.link.name !== 'identity' || (link === 'softmax' && outputs === 1))
		throw new ArtifactError(
			`The manifest says that the link is ${link}, and the file's objective is ${JSON.stringify(file.objective)}. Leave \`link\` out, or register the file that is served.`,
		)
	const links = precision === 'float32' ? links32 : { ...links64, logit: logit64(1) }
	return links[link]
}
