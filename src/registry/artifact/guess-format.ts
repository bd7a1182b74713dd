import { ArtifactError, type ArtifactFormat } from '../../explain/model.ts'

const peekBytes = 4096

const toSafe =
	'Files of this kind can run code when they are read, so they are refused. Save XGBoost with save_model("model.json") or ("model.ubj"), LightGBM with booster_.save_model("model.txt"), write coefficients as linear-json, or convert scikit-learn pipelines to ONNX with skl2onnx'

/** Formats that are recognised in order to be refused with a remedy. */
const refused: { begins: readonly number[]; what: string }[] = [
	...[2, 3, 4, 5].map((protocol) => ({
		begins: [0x80, protocol],
		what: `This is a Python pickle. ${toSafe}.`,
	})),
	...[0x01, 0x5e, 0x9c, 0xda].map((level) => ({
		begins: [0x78, level],
		what: `This is compressed with zlib, as joblib does. ${toSafe}.`,
	})),
	{
		begins: [0x50, 0x4b, 0x03, 0x04],
		what: `This is a zip archive, such as PyTorch or Keras write. ${toSafe}.`,
	},
	{
		begins: [0x1f, 0x8b],
		what: 'This is a gzip file. Send it with Content-Encoding: gzip, or unpacked; the SHA-256 is that of the unpacked file.',
	},
	{ begins: [0x89, 0x48, 0x44, 0x46], what: `This is an HDF5 file, such as Keras writes. ${toSafe}.` },
	{
		begins: [0x62, 0x69, 0x6e, 0x66],
		what: 'This is the old binary format of XGBoost. Load it with a version before 3.1 and save it with save_model("model.json").',
	},
]

const saveXgboost =
	'It lacks data that scoring needs. Write the model with save_model("model.json") and upload that file.'

/** Human-readable dumps that libraries write beside their model files. */
const dumps: { pattern: RegExp; what: string }[] = [
	{
		pattern: /^[\s[]*"?\s*(\\n)?(booster\[\d+\]:\s*)?\d+:(\[[^\]]*\] yes=|leaf=)/,
		what: `This is the text of XGBoost's dump_model. ${saveXgboost}`,
	},
	{
		pattern: /^[\s[]*("\s*)?\{\s*\\?"nodeid\\?"\s*:/,
		what: `This is the JSON of XGBoost's dump_model. ${saveXgboost}`,
	},
	{
		pattern: /^[\s[]*"?(booster\[\d+\]:\s*)?digraph\b/,
		what: 'This is a drawing of trees in the language of Graphviz. Write XGBoost models with save_model("model.json"), LightGBM models with save_model("model.txt"), and upload that file.',
	},
	{
		pattern: /^\s*\{\s*"(average_output"\s*:|name"\s*:\s*"tree"\s*,\s*"version")/,
		what: 'This is the JSON of LightGBM\'s dump_model. Write the model with save_model("model.txt") and upload that file.',
	},
]

/** Throws ArtifactError with a remedy for files of known formats that are not supported. */
export function refuseKnown(bytes: Uint8Array): void {
	const binary = refused.find(({ begins }) => begins.every((byte, i) => bytes[i] === byte))
	if (binary) throw new ArtifactError(binary.what)
	const head = new TextDecoder().decode(bytes.subarray(0, peekBytes))
	const dump = dumps.find(({ pattern }) => pattern.test(head))
	if (dump) throw new ArtifactError(dump.what)
}

/** A name in XGBoost's UBJSON begins with a length, and the length with the letter of its type. */
const lengthTypes = new Set([...'iUIlL'].map((c) => c.charCodeAt(0)))

/** Guesses a format from the first and last bytes of a file; undefined when unclear. */
export function guessFormat(bytes: Uint8Array): ArtifactFormat | undefined {
	const decode = (part: Uint8Array) => new TextDecoder().decode(part)
	const head = decode(bytes.subarray(0, peekBytes)).replace(/^\ufeff/, '')
	if (/^tree\s*\r?\n/.test(head)) return 'lightgbm-text'
	if (bytes[0] === 0x7b && lengthTypes.has(bytes[1] ?? 0)) return 'xgboost-ubj'
	const named = /["']?format["']?\s*:\s*["']?(linear-json|scorecard)\b/
	const text = `${head}\n${decode(bytes.subarray(Math.max(peekBytes, bytes.length - peekBytes)))}`
	const format = named.exec(text)?.[1]
	if (format !== undefined) return format as ArtifactFormat
	if (/^\s*\{/.test(head)) return /"learner"\s*:/.test(text) ? 'xgboost-json' : statedFormat(bytes)
	// ONNX is a protobuf whose first field is the version of its format.
	return bytes[0] === 0x08 && (bytes[1] ?? 0xff) < 0x40 ? 'onnx' : undefined
}

/** linear-json and scorecard files are small. Where members are sorted, `format` is in the middle of the file. */
const maxStated = 32 * 2 ** 20

function statedFormat(bytes: Uint8Array): ArtifactFormat | undefined {
	if (bytes.length > maxStated) return undefined
	try {
		const { format } = JSON.parse(new TextDecoder().decode(bytes)) as { format?: unknown }
		return (['linear-json', 'scorecard'] as const).find((known) => known === format)
	} catch {
		return undefined
	}
}
