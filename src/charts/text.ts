import { wordEnd } from '../core/cut-text.ts'

/** Advance widths of DejaVu Sans (Verdana's are similar) from the blank to `~`, in hundredths of the font size. */
const advances = [
	32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34,
	34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73,
	68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63,
	63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
]
const firstCode = 32
const otherAdvance = 70
const wideAdvance = 105
// From the Hangul letters on, most characters are as wide as they are high.
const firstWide = 0x1100
// Bold faces are about a tenth wider.
const boldFactor = 1.12

function advance(character: string): number {
	const code = character.codePointAt(0) ?? firstCode
	return advances[code - firstCode] ?? (code >= firstWide && code !== 0x2212 ? wideAdvance : otherAdvance)
}

/** How wide a text is at a font size, in the same unit; at least as wide as in the fonts of the picture. */
export const textWidth = (text: string, size: number, isBold = false): number => {
	let sum = 0
	for (const character of text) sum += advance(character)
	return (sum / 100) * size * (isBold ? boldFactor : 1)
}

/** One line of at most `max` pixels, with an ellipsis where it was cut: between words where possible, never inside a character. */
export function fitText(text: string, size: number, max: number, isBold = false): string {
	const line = oneLine(text)
	if (textWidth(line, size, isBold) <= max) return line
	const ellipsis = '…'
	let kept = ''
	for (const { segment } of graphemes.segment(line)) {
		if (textWidth(kept + segment + ellipsis, size, isBold) > max) break
		kept += segment
	}
	return `${kept.slice(0, wordEnd(line, kept.length)).trimEnd()}${ellipsis}`
}

// A letter with its marks, or an emoji of several parts, is one character.
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g
// Marks that change the reading direction of the text after them.
const turns = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** A text without the characters that XML cannot hold. */
export const withoutControls = (text: string): string => text.toWellFormed().replace(forbidden, '')

/** A text as one line, with single blanks and without control characters and direction marks. */
export const oneLine = (text: string): string =>
	text.toWellFormed().replace(/\s+/g, ' ').replace(controls, '').replace(turns, '').trim()

/** One line of at most `max` characters. */
export function fitCharacters(text: string, max = 60): string {
	const line = oneLine(text)
	const characters = [...line]
	if (characters.length <= max) return line
	const kept = characters.slice(0, max - 1).join('')
	return `${kept.slice(0, wordEnd(line, kept.length)).trimEnd()}…`
}
