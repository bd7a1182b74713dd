import { AppError } from '../core/errors.ts'
import { FeatureError, type Structure } from '../explain/model.ts'
import { openParquetInThread } from '../platform/node/parquet.ts'
import type { OpenedModel } from '../ports/model-cache.ts'
import type { FeatureSpec } from '../summaries/inputs/bins.ts'
import { type FileRow, featureNames, featureRows, type RowFile, type Specs } from '../tables/feature-rows.ts'
import type { ExitCode, Terminal } from './command.ts'
import { inputFile, plainBytes } from './data-file.ts'
import { type Explainer, openExplainer, rowsAtOnce } from './explain-rows.ts'
import { rowJson, rowText } from './explanation-text.ts'
import { openArtifact, readManifest } from './open-artifact.ts'
import { Progress } from './progress.ts'

export type ExplainFileOptions = {
	artifact: string
	rows: string
	manifest: string | undefined
	background: string | undefined
	format: string | undefined
	isJson: boolean
}

const maxBackground = 5000
/** Rows of the file itself that are used without a background. */
const ownBackground = 100

/** Explains the rows of a file with a model file, without a service. Exit code 1: some rows could not be scored. */
export async function explainFile(terminal: Terminal, options: ExplainFileOptions): Promise<ExitCode> {
	const note = (text: string) => terminal.err(`Note: ${text}\n`)
	const manifest = await readManifest(options.manifest, note)
	const rows = await recordFile(options.rows)
	const opened = await openArtifact(options.artifact, {
		format: options.format,
		manifest,
		declared: await featureNames(rows),
	})
	const advice = opened.onnx?.advice ?? ('model' in opened ? opened.model.advice : undefined)
	if (advice !== undefined) note(advice)
	const specs = specsOf(opened)
	const background = await backgroundOf(terminal, options, opened, specs)
	const explainer = openExplainer(opened, background)
	try {
		const { count, unscored } = await writeRows(terminal, explainer, rows, specs, options.isJson)
		if (count === 0) throw new AppError('invalid', `${options.rows} has no rows.`)
		if (unscored > 0) terminal.err(`${unscored} of ${count} rows could not be scored.\n`)
		return unscored > 0 ? 1 : 0
	} finally {
		await explainer.close()
		if ('model' in opened) await opened.onnx?.close()
	}
}

export async function recordFile(path: string): Promise<RowFile & { bytes: number }> {
	const plain = path.toLowerCase().replace(/\.gz$/, '')
	if (!/\.(csv|ndjson|jsonl|json|parquet)$/.test(plain))
		throw new AppError(
			'invalid',
			`${path}: name the file .parquet, .csv, .ndjson or .json (also with .gz), so that its format is known.`,
		)
	const isJson = plain.endsWith('.json')
	const file = await inputFile(path, isJson ? 'ndjson' : undefined)
	return {
		path,
		format: isJson ? 'json' : file.format,
		bytes: file.bytes,
		read: (onBytes) => plainBytes(file, onBytes),
		openParquet: openParquetInThread(),
	}
}

/** How cells are read: a feature with categories in the model is categorical, whatever its cells look like. */
export function specsOf(opened: OpenedModel): Specs {
	const { features } = 'model' in opened ? opened.model : opened.onnx
	const structure = 'model' in opened ? opened.model.structure : undefined
	const texts = opened.onnx?.texts
	return new Map(
		features.map((name, i) => [
			name,
			texts?.features.has(name)
				? { name, type: 'categorical', values: [...texts.known] }
				: specOf(name, structure, i),
		]),
	)
}

function specOf(name: string, structure: Structure | undefined, i: number): FeatureSpec {
	if (structure?.kind === 'trees') {
		const categories = structure.sources[i]?.categories
		// Bare codes have no category names: they are numbers.
		return categories?.length
			? { name, type: 'categorical', values: [...categories] }
			: { name, type: 'numeric' }
	}
	const part = structure?.parts[i]
	if (part?.kind === 'categories') return { name, type: 'categorical', values: [...part.categories] }
	const special = part?.kind === 'bins' ? part.special : undefined
	return { name, type: 'numeric', ...(special && { values: [...special] }) }
}

/** ONNX files have no training statistics: without a background, the rows are compared with rows of the same file. */
async function backgroundOf(
	terminal: Terminal,
	{ artifact, background, rows }: ExplainFileOptions,
	opened: OpenedModel,
	specs: Specs,
): Promise<Float64Array[] | undefined> {
	if (background !== undefined) return readBackground(terminal, background, opened, specs, maxBackground)
	if (!opened.onnx) return undefined
	const own = await readBackground(terminal, rows, opened, specs, ownBackground)
	if (own.length < 2)
		throw new AppError(
			'invalid',
			`${artifact} is explained by comparing with other rows: name a file of them with --background.`,
		)
	terminal.err(
		`No --background: every row is compared with the first ${own.length} of ${rows}.${'model' in opened ? '' : ` Contributions are estimated: ${opened.onnx.reason}.`}\n`,
	)
	return own
}

async function readBackground(
	terminal: Terminal,
	path: string,
	opened: OpenedModel,
	specs: Specs,
	maxRows: number,
): Promise<Float64Array[]> {
	const model = 'model' in opened ? opened.model : opened.onnx
	const rows: Float64Array[] = []
	let first: string | undefined
	let left = 0
	for await (const row of featureRows(await recordFile(path), specs)) {
		if (rows.length === maxRows && maxRows === ownBackground) return rows
		if (rows.length === maxRows)
			throw new AppError(
				'too-large',
				`${path} has more than ${maxRows} rows: a few hundred random rows are enough.`,
			)
		try {
			if ('fault' in row) throw new FeatureError('', row.fault)
			rows.push(model.encode(row.value).x)
		} catch (error) {
			if (!(error instanceof FeatureError)) throw error
			first ??= `row ${row.row}: ${error.message}`
			left++
		}
	}
	if (rows.length === 0)
		throw new AppError('invalid', `${path} has no row that the model can score${first ? `: ${first}` : ''}.`)
	if (left > 0 && maxRows === maxBackground)
		terminal.err(`${left} rows of ${path} are left out of the background; the first, ${first}\n`)
	return rows
}

async function writeRows(
	terminal: Terminal,
	explainer: Explainer,
	file: RowFile & { bytes: number },
	specs: Specs,
	isJson: boolean,
): Promise<{ count: number; unscored: number }> {
	const progress = new Progress(terminal, file.bytes)
	const total = { count: 0, unscored: 0 }
	let bytes = 0
	let block: FileRow[] = []
	const flush = async () => {
		const explained = await explainer.explain(block)
		block = []
		total.count += explained.length
		total.unscored += explained.filter((r) => 'error' in r).length
		terminal.out(
			explained.map((r) => (isJson ? rowJson(explainer.model, r) : rowText(explainer.model, r))).join(''),
		)
		progress.update(bytes, total.count)
	}
	const records = featureRows(file, specs, (read) => {
		bytes = read
	})
	for await (const row of records) {
		block.push(row)
		if (block.length === rowsAtOnce) await flush()
	}
	if (block.length > 0) await flush()
	progress.end()
	return total
}
