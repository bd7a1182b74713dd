import { callApi } from './api.ts'
import {
	type Command,
	type Parsed,
	requireOption,
	requirePositional,
	toTable,
	UsageError,
} from './command.ts'
import { inputFile } from './data-file.ts'

type Answer = {
	digest: string
	rows: number
	features: { name: string; cells: number; warnings: string[] }[]
}

/** `model@version` as an argument. */
export function modelAndVersion(args: Parsed): { model: string; version: string } {
	const text = requirePositional(args, 0, 'MODEL@VERSION')
	const at = text.lastIndexOf('@')
	if (at < 1 || at === text.length - 1)
		throw new UsageError('Add the version: MODEL@VERSION, such as credit-risk@7.')
	return { model: text.slice(0, at), version: text.slice(at + 1) }
}

export const baseline: Command = {
	help: `Usage: plumbline baseline MODEL@VERSION --from FILE

Sends the rows of a file (training or reference data) as the baseline of a version. CSV and Parquet have one column per
feature, plus score, label, actual, timestamp, predictionId and segment.<name>. Needs PLUMBLINE_KEY with the role admin.

  --from FILE    .csv, .ndjson or .parquet, also .gz
  --json         for machines

Example: plumbline baseline credit-risk@7 --from train.parquet
`,
	options: { from: { type: 'string' } },
	async run(terminal, args) {
		const { model, version } = modelAndVersion(args)
		const file = await inputFile(requireOption(args, 'from'))
		const path = `/v1/models/${encodeURIComponent(model)}/versions/${encodeURIComponent(version)}/baseline`
		const { body } = await callApi(terminal, 'PUT', path, {
			body: file.open() as unknown as BodyInit,
			type: file.type,
			gzip: file.gzipped,
		})
		const answer = body as Answer
		if (args.values.json) terminal.out(`${JSON.stringify(answer)}\n`)
		else {
			terminal.out(
				`${answer.rows.toLocaleString('en')} rows are the baseline of ${model}@${version}: ${answer.digest}\n\n`,
			)
			terminal.out(
				toTable(
					['feature', 'bins', 'warnings'],
					answer.features.map((f) => [f.name, String(f.cells), f.warnings.join('; ')]),
				),
			)
		}
		return 0
	},
}
