import { utf8 } from '../../core/bytes.ts'
import { decryptBytes, encryptBytes, readCipherKeys } from '../../core/cipher.ts'
import { AppError } from '../../core/errors.ts'
import type { TokenKeys } from '../../ports/slack-client.ts'

/** Reads the keys of `PLUMBLINE_TOKEN_KEY`, the newest first. Throws `invalid` with the number of the one that is wrong. */
export const readTokenKeys = (
	given: readonly string[],
	readSecret: (reference: string) => Promise<string>,
): Promise<TokenKeys> => readCipherKeys('PLUMBLINE_TOKEN_KEY', given, readSecret)

/** Encrypted with the newest key, bound to the team: the token of one team cannot be put in place of another's. */
export async function sealToken(
	[key]: TokenKeys,
	team: string,
	token: string,
	random: (bytes: number) => Uint8Array,
): Promise<string> {
	if (!key)
		throw new AppError(
			'unavailable',
			'PLUMBLINE_TOKEN_KEY is not set, so the token of Slack cannot be stored.',
		)
	return encryptBytes(key, team, utf8(token), random)
}

/** The token, and whether the newest key encrypted it. Throws `unavailable` if no key can decrypt it. */
export async function openToken(
	keys: TokenKeys,
	team: string,
	sealed: string,
): Promise<{ token: string; isNewest: boolean }> {
	const opened = await decryptBytes(keys, team, sealed)
	if (opened === 'changed')
		throw new AppError(
			'unavailable',
			`The stored token of the workspace ${team} was changed. Install the app there again with \`plumbline slack install\`.`,
		)
	if (opened === 'no-key')
		throw new AppError(
			'unavailable',
			`PLUMBLINE_TOKEN_KEY does not have the key of the token of the workspace ${team}. Add that key, or install the app there again.`,
		)
	return { token: new TextDecoder().decode(opened.bytes), isNewest: opened.isNewest }
}
