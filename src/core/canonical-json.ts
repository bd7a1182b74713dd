import { sha256Hex } from './bytes.ts'

/** JSON with object keys in code-unit order, as in RFC 8785: equal content has equal bytes, hence equal digests. */
export function canonicalJson(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map((v) => canonicalJson(v ?? null)).join(',')}]`
	if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
	const members = Object.entries(value)
		.filter(([, v]) => v !== undefined)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, v]) => `${JSON.stringify(key)}:${canonicalJson(v)}`)
	return `{${members.join(',')}}`
}

/** The digest by which ledger entries refer to content, so that they stay small and contain no personal data. */
export const digestOf = async (content: unknown): Promise<string> =>
	`sha256:${await sha256Hex(canonicalJson(content))}`
