import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Context } from '../../context.ts'
import { utf8 } from '../../core/bytes.ts'

const noKey = new Uint8Array(32)

/** By which the log knows the id of an erased row: without the ledger's key nobody can try ids against it. */
export const idDigest = (
	{ ledgerKey }: Pick<Context, 'ledgerKey'>,
	model: string,
	kind: number,
	id: string,
): Uint8Array => hmac(sha256, ledgerKey?.macKey ?? noKey, utf8(JSON.stringify([model, kind, id])))
