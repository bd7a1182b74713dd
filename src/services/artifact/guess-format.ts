import { ArtifactError, type ArtifactFormat } from '../../explain/model.ts'

const lookAt = 4096

const toSafe =
	'Files of this kind can run code when they are read, so they never are. Save XGBoost with save_model("model.json") or ("model.ubj"), LightGBM with booster_.save_model("model.txt"), write coefficients as linear-json, or convert scikit-learn pipelines to ONNX with skl2onnx'

/** What is recognised so that it can be refused with the way out. */
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

/** Throws ArtifactError for files that are known not to be read, with the way out. */
export function refuseKnown(bytes: Uint8Array): void {
	const found = refused.find(({ begins }) => begins.every((byte, i) => bytes[i] === byte))
	if (found) throw new ArtifactError(found.what)
}

/** Names of XGBoost's UBJSON begin with a length, and that with the letter of its type. */
const lengthTypes = new Set([...'iUIlL'].map((c) => c.charCodeAt(0)))

/** What a file is by how it begins and ends; undefined when it is not clear. */
export function guessFormat(bytes: Uint8Array): ArtifactFormat | undefined {
	const decode = (part: Uint8Array) => new TextDecoder().decode(part)
	const head = decode(bytes.subarray(0, lookAt)).replace(/^\ufeff/, '')
	if (/^tree\s*\r?\n/.test(head)) return 'lightgbm-text'
	if (bytes[0] === 0x7b && lengthTypes.has(bytes[1] ?? 0)) return 'xgboost-ubj'
	const named = /["']?format["']?\s*:\s*["']?(linear-json|scorecard)\b/
	const text = `${head}\n${decode(bytes.subarray(Math.max(lookAt, bytes.length - lookAt)))}`
	const format = named.exec(text)?.[1]
	if (format !== undefined) return format as ArtifactFormat
	if (/^\s*\{/.test(head)) return /"learner"\s*:/.test(text) ? 'xgboost-json' : statedFormat(bytes)
	// ONNX is a protobuf whose first field is the version of its format.
	return bytes[0] === 0x08 && (bytes[1] ?? 0xff) < 0x40 ? 'onnx' : undefined
}

/** Files of ours are small; one whose members are sorted says in its middle what it is. */
const mostStated = 32 * 2 ** 20

function statedFormat(bytes: Uint8Array): ArtifactFormat | undefined {
	if (bytes.length > mostStated) return undefined
	try {
		const { format } = JSON.parse(new TextDecoder().decode(bytes)) as { format?: unknown }
		return (['linear-json', 'scorecard'] as const).find((known) => known === format)
	} catch {
		return undefined
	}
}
