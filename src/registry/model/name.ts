import { z } from 'zod'
import { longestGlob } from '../../core/glob.ts'

const longest = 256
const refused: { pattern: RegExp; why: string }[] = [
	{
		pattern: /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/,
		why: 'control characters, which cannot be seen in a log or a message',
	},
	{ pattern: /[/\\]/, why: '"/" and "\\", as a name is one segment of a path and some proxies decode %2F' },
	{ pattern: /[*?]/, why: '"*" and "?", which are wildcards in the scopes of keys and in rules' },
	{ pattern: /@/, why: '"@", which stands between a model and its version' },
	{ pattern: /^\s|\s$/, why: 'white space at its ends, which is lost when it is copied' },
	{ pattern: /^\.{1,2}$/, why: 'only "." or "..", which clients remove from a path' },
]

/** Why a text cannot be the name of a model, version or environment; undefined when it can. */
export function nameFault(text: string): string | undefined {
	const { length } = text
	if (length === 0) return 'must not be empty'
	if (length > longest) return `has ${length} characters; the limit is ${longest} (idCharacters)`
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
			'A name of 1 to 256 characters. Refused: control characters, `/ \\ * ? @`, white space at its ends, `.` and `..`.',
		minLength: 1,
		maxLength: longest,
		// The same rule for those who check before they send.
		pattern:
			'^(?!\\s|\\.{1,2}$)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029/\\\\*?@]*[^\\s\\u0000-\\u001f\\u007f-\\u009f/\\\\*?@]$',
	})

/** A name of something inside a row: a feature, a segment. Kept as it is sent, so only what cannot be kept is refused. */
export const FieldName = z
	.string()
	.min(1)
	.max(longest)
	.regex(/^[^\u0000]*$/, 'must not contain NUL')
	.meta({ description: 'Kept exactly as sent.' })

/** A pattern for names, as in scopes and silences. */
export const Glob = z
	.string()
	.min(1)
	.max(longestGlob, `must have at most ${longestGlob} characters, as a glob`)
	.meta({ description: 'A name, or a glob: `*` is any run of characters, `?` is one.', example: 'credit-*' })
