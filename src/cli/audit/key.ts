import { requireKey } from '../../evidence/ledger/keys.ts'
import { readLedgerKey } from '../../evidence/ledger/read-ledger.ts'
import { rotateLedgerKey } from '../../evidence/ledger/rotate-key.ts'
import { createKeyFile, keyFile } from '../../platform/node/ledger-key.ts'
import type { Parsed, Terminal } from '../command.ts'
import { requireOption } from '../command.ts'
import { cliActor } from '../keys.ts'
import { withContext } from '../with-context.ts'

export const keyHelp = `       plumbline audit key
       plumbline audit rotate-key --new FILE

Print the verifier key of the database PLUMBLINE_DATABASE_URL, with which outsiders verify what its ledger signs; and hand
over to another key, in an entry that both sign.

  --new FILE          the file of the next key; it is made if there is none
`

/** `plumbline audit key` */
export async function printKey(terminal: Terminal, args: Parsed): Promise<0> {
	const found = await withContext(terminal, async (context) => readLedgerKey(context, cliActor))
	terminal.out(args.values.json ? `${JSON.stringify(found)}\n` : `${found.key}\n`)
	return 0
}

/** `plumbline audit rotate-key` */
export async function rotateKey(terminal: Terminal, args: Parsed): Promise<0> {
	const path = requireOption(args, 'new')
	const made = await withContext(terminal, async (context) => {
		requireKey(context)
		await createKeyFile(path)
		const source = keyFile(path, `The key file ${JSON.stringify(path)}`)
		return rotateLedgerKey(context, cliActor, source)
	})
	if (args.values.json) terminal.out(`${JSON.stringify(made)}\n`)
	else
		terminal.out(
			`${made.to} signs from entry ${made.entry} on.\nSet PLUMBLINE_LEDGER_KEY=${path} and restart every process of this database: until then, they sign nothing.\n`,
		)
	return 0
}
