import { z } from 'zod'

const longest = 256
// Each of these has letters that look like letters of the others, such as the Cyrillic "а".
const confusable = [/\p{Script=Latin}/u, /\p{Script=Greek}/u, /\p{Script=Cyrillic}/u, /\p{Script=Armenian}/u]

/** What is wrong with an owner in its normal form; undefined if nothing is. */
function nameFault(text: string): string | undefined {
	if (text === '') return 'must not be blank; leave it out for somebody without an owner'
	if (text.length > longest) return `has ${text.length} characters; the limit is ${longest}`
	if (!text.isWellFormed()) return 'contains a lone surrogate, which is not Unicode text'
	if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text))
		return 'must not contain control or invisible characters, which would make one person look like another'
	if (confusable.filter((script) => script.test(text)).length > 1)
		return 'mixes letters of alphabets that look alike; write it in one alphabet'
	return undefined
}

/**
 * The person behind a key or a Slack user. Stored in Unicode's form NFKC without surrounding space, so that full-width
 * letters are the usual ones; `personOf` compares without case.
 */
export const PersonName = z
	.string()
	.normalize('NFKC')
	.trim()
	.superRefine((text, issues) => {
		const message = nameFault(text)
		if (message !== undefined) issues.addIssue({ code: 'custom', message })
	})
	.meta({
		description:
			'Who it belongs to. All keys and Slack users of one owner are one person, who has one vote; compared without case.',
		example: 'ana@bank.example',
		minLength: 1,
		maxLength: longest,
	})
