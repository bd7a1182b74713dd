import { z } from 'zod'
import { longestGlob } from '../../core/glob.ts'

const maxCharacters = 256
const refused: { pattern: RegExp; why: string }[] = [
	{
		pattern: /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/,
		why: 'control characters, which are invisible in logs and messages',
	},
	{
		pattern: /[/\\]/,
		why: '"/" and "\\", because a name is one segment of a path and some proxies decode %2F',
	},
	{ pattern: /[*?]/, why: '"*" and "?", which are wildcards in the scopes of keys and in rules' },
	{ pattern: /@/, why: '"@", which separates a model from its version' },
	{ pattern: /^\s|\s$/, why: 'leading or trailing white space, which is lost in copying' },
	{ pattern: /^\.{1,2}$/, why: 'only "." or "..", which clients remove from a path' },
]

/** Why a text cannot be the name of a model, version or environment; undefined when it can. */
export function nameFault(text: string): string | undefined {
	const { length } = text
	if (length === 0) return 'must not be empty'
	if (length > maxCharacters) return `has ${length} characters; the limit is ${maxCharacters} (idCharacters)`
	if (!text.isWellFormed()) return 'contains a lone surrogate, which is not Unicode text'
	const found = refused.find(({ pattern }) => pattern.test(text))
	return found && `must not contain ${found.why}`
}

/** A name: 1 to 256 characters, any script. */
export const Name = z
	.string()
	.superRefine((text, issues) => {
		const fault = nameFault(text)
		if (fault) issues.addIssue({ code: 'custom', message: fault })
	})
	.meta({
		description:
			'A name of 1 to 256 characters. Not allowed: control characters, `/ \\ * ? @`, leading or trailing white space, `.` and `..`.',
		minLength: 1,
		maxLength: maxCharacters,
		// The same rule for clients that validate before they send.
		pattern:
			'^(?!\\s|\\.{1,2}$)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029/\\\\*?@]*[^\\s\\u0000-\\u001f\\u007f-\\u009f/\\\\*?@]$',
	})

/** The name of a feature or segment in a row. It is stored as sent, so only what cannot be stored is refused. */
export const FieldName = z
	.string()
	.min(1)
	.max(maxCharacters)
	.regex(/^[^\u0000]*$/, 'must not contain NUL')
	.meta({ description: 'Kept exactly as sent.' })

/** A pattern of names, as in scopes and silences. */
export const Glob = z
	.string()
	.min(1)
	.max(longestGlob, `must have at most ${longestGlob} characters, as a glob`)
	.meta({ description: 'A name, or a glob: `*` is any run of characters, `?` is one.', example: 'credit-*' })
