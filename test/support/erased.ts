import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What is stored about the subject `ada-lovelace`, and about nobody else. */
export const own = { income: 48_213.625, note: 'tall lighthouse keeper' }
export const values = { ...own, score: 0.2718281828 }

export function filesUnder(folder: string): string[] {
	return readdirSync(folder).flatMap((name) => {
		const path = join(folder, name)
		return statSync(path).isDirectory() ? filesUnder(path) : [path]
	})
}

const doubleOf = (value: number, littleEndian: boolean) => {
	const bytes = Buffer.alloc(8)
	if (littleEndian) bytes.writeDoubleLE(value)
	else bytes.writeDoubleBE(value)
	return bytes
}
const needles = {
	subject: Buffer.from('ada-lovelace'),
	note: Buffer.from(values.note),
	'income as text': Buffer.from(String(values.income)),
	'income as a double': doubleOf(values.income, true),
	'income in a row of SQLite': doubleOf(values.income, false),
	score: doubleOf(values.score, true),
	'score as text': Buffer.from(String(values.score)),
}

/** What a search of the bytes of all files of a server finds. */
export function foundIn(folder: string): string[] {
	return filesUnder(folder).flatMap((path) => {
		const bytes = readFileSync(path)
		return Object.entries(needles).flatMap(([name, needle]) =>
			bytes.includes(needle) ? [`${name} in ${path.slice(folder.length + 1)}`] : [],
		)
	})
}
