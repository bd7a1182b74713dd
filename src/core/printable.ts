// Terminal controls (C0 except tab and newline, DEL, C1), line separators, and marks that reverse text.
const controls =
	/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Text from outside, such as a model's name, made safe for terminals: characters that move the cursor, change colours or
 * reorder text become JSON escapes, so that JSON keeps its meaning.
 */
export const printable = (text: string): string => text.replace(controls, escaped)

/** The same for a table cell, which is one line. */
export const printableCell = (text: string): string =>
	printable(text).replace(/[\n\t]/g, (c) => (c === '\n' ? '\\n' : '\\t'))
