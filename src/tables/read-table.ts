import { AppError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import type { Column } from './columns.ts'

/** A column that somebody takes. A table without it is refused when it is required. */
export type Wanted = { name: string; required: boolean; takers: readonly Column[] }

/** What was read: how many rows, and the columns that the table has. */
export type Table = { rows: number; names: readonly string[] }

const maxShown = 30

/** The takers of each column, in the order of the names. Throws for a column that is not there, or stands twice. */
export function attach(wanted: readonly Wanted[], names: readonly string[]): (readonly Column[])[] {
	requireColumns(wanted, names)
	const twice = wanted.find(({ name }) => names.indexOf(name) !== names.lastIndexOf(name))
	if (twice) throw new AppError('invalid', `The column ${JSON.stringify(twice.name)} stands twice.`)
	return names.map((name) => wanted.filter((w) => w.name === name).flatMap((w) => w.takers))
}

export function requireColumns(wanted: readonly Wanted[], names: readonly string[]): void {
	for (const { name, required } of wanted) {
		if (!required || names.includes(name)) continue
		const near = nearest(name, names)
		const shown = names.slice(0, maxShown).join(', ')
		const more = names.length > maxShown ? ` and ${names.length - maxShown} more` : ''
		throw new AppError(
			'invalid',
			`There is no column "${name}".${near ? ` Did you mean "${near}"?` : ''} There are: ${shown}${more}.`,
		)
	}
}
