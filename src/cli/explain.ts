import type { Explanation } from '../decisions/explanation/explanation.schema.ts'
import { callApi } from './api.ts'
import {
	type Command,
	type ExitCode,
	type Parsed,
	requireOption,
	requirePositional,
	type Terminal,
	textOption,
	UsageError,
} from './command.ts'

async function online(terminal: Terminal, args: Parsed): Promise<ExitCode> {
	const model = requirePositional(args, 0, 'The model, or --artifact FILE,')
	const id = requirePositional(args, 1, 'The id of the prediction')
	for (const name of ['rows', 'manifest', 'background', 'format'])
		if (args.values[name] !== undefined)
			throw new UsageError(`--${name} needs --artifact; it does not apply to a prediction of the service.`)
	const locale = textOption(args, 'locale')
	const movable = textOption(args, 'movable')
	const parameters = Object.entries({ locale, movable }).flatMap(([name, value]) =>
		value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
	)
	const query = parameters.length === 0 ? '' : `?${parameters.join('&')}`
	const path = `/v1/models/${encodeURIComponent(model)}/predictions/${encodeURIComponent(id)}/explanation${query}`
	const { body } = await callApi(terminal, 'GET', path)
	if (args.values.json) {
		terminal.out(`${JSON.stringify(body)}\n`)
		return 0
	}
	const { explanationText } = await import('./explanation-text.ts')
	terminal.out(explanationText(body as Explanation))
	return 0
}

async function offline(terminal: Terminal, args: Parsed): Promise<ExitCode> {
	if (args.positionals.length > 0)
		throw new UsageError(
			`${JSON.stringify(args.positionals[0])} is for a prediction of the service and does not go with --artifact.`,
		)
	const { explainFile } = await import('./explain-file.ts')
	return explainFile(terminal, {
		artifact: requireOption(args, 'artifact'),
		rows: requireOption(args, 'rows'),
		manifest: textOption(args, 'manifest'),
		background: textOption(args, 'background'),
		format: textOption(args, 'format'),
		isJson: args.values.json === true,
	})
}

export const explain: Command = {
	isOffline: (args) => args.some((a) => a === '--artifact' || a.startsWith('--artifact=')),
	help: `Usage: plumbline explain MODEL PREDICTION [--locale L] [--movable a,b] [--json]
       plumbline explain --artifact FILE --rows FILE [options]

Explains why a score was given. With a model and the id of a prediction it queries the service at PLUMBLINE_URL (needs
PLUMBLINE_KEY): the decision, its replay, the reasons in approved words, the contribution of each feature, what would have
changed the decision, and the lineage.

With --artifact it scores and explains the rows of a file with a model file, without a server. base + contributions is the
margin of every row; rows that cannot be scored are reported.

  --artifact FILE    XGBoost (.json, .ubj), LightGBM (.txt), ONNX, linear-json or a scorecard (YAML or JSON), also .gz;
                     the format is found from the content. Pickles and joblib files can run code, so they are never
                     read: save the model in one of these formats
  --format F         the format, when the content does not show it
  --rows FILE        .csv, .ndjson, .json or .parquet, also .gz: rows of features, or rows with a member \`features\`
  --manifest FILE    what the model file does not contain: order of features, missing value, encodings, link (JSON or YAML)
  --background FILE  rows to compare with, instead of the model's own average
  --locale L         language of the reasons, such as de
  --movable a,b      features that counterfactuals may change; default: those with limits in the manifest
  --json             for machines: one line a row. With several classes, every number is a list by class

Exit code: 0 all rows explained, 1 some could not be scored, 2 failed.

Example: plumbline explain --artifact model.json --rows applicants.csv --json
`,
	options: {
		artifact: { type: 'string' },
		rows: { type: 'string' },
		manifest: { type: 'string' },
		background: { type: 'string' },
		format: { type: 'string' },
		locale: { type: 'string' },
		movable: { type: 'string' },
	},
	run: (terminal, args) =>
		args.values.artifact === undefined ? online(terminal, args) : offline(terminal, args),
}
