// Controls of terminals (C0 but tab and newline, DEL, C1), separators of lines, and marks that turn text around.
const controls =
	/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Text from outside, such as a model's name, as a terminal may show it: what would move the cursor, recolour or reorder it is
 * written as JSON escapes it. JSON stays the same JSON.
 */
export const printable = (text: string): string => text.replace(controls, escaped)

/** The same for a cell of a table, which is one line. */
export const printableCell = (text: string): string =>
	printable(text).replace(/[\n\t]/g, (c) => (c === '\n' ? '\\n' : '\\t'))
