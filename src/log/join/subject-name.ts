import type { Sql } from '../../db/sql.ts'
import type { Codec } from '../codec/codec.ts'

export async function isEncrypted({ sql }: { sql: Sql }, model: string): Promise<boolean> {
	const [row] = await sql.all<{ encrypt: number }>({
		sql: 'SELECT encrypt FROM model WHERE name = ?',
		params: [model],
	})
	return row?.encrypt === 1
}

/** What stands for a subject in the tables that rows wait in: of encrypted models a pseudonym, since these tables are plain. */
export async function subjectNames(writer: { sql: Sql; codec: Codec }, model: string) {
	const { vault } = writer.codec
	const usable = vault?.fault === undefined ? vault : undefined
	const encrypts = usable !== undefined && (await isEncrypted(writer, model))
	const pseudonym = (subject: string) => usable?.pseudonym(subject) ?? subject
	return {
		toStore: (subject: string) => (encrypts ? pseudonym(subject) : subject),
		/** Also as it was stored before the model was encrypted. */
		toFind: (subject: string): [string, string] => [subject, pseudonym(subject)],
	}
}
