/** A word of a sentence. `word` is what it is compared by: lower case, without apostrophes and punctuation. */
export type Token = {
	text: string
	word: string
	/** The number of its sentence. */
	sentence: number
	isQuoted: boolean
}

/** Plain quotes, and Slack's markup as the words that people see. */
export const plainText = (text: string): string =>
	text
		.normalize('NFKC')
		.replace(/[‘’‚‛′`´]/g, "'")
		.replace(/[“”„‟″«»]/g, '"')
		.replace(/[–—―]/g, ' - ')
		.replace(/<@([A-Z0-9]{1,40})(?:\|[^<>|]{0,80})?>/g, '<@$1>')
		.replace(/<#[A-Z0-9]{1,40}\|?([^<>|]{0,80})>/g, '$1')
		.replace(/<![^<>]{0,80}>/g, ' ')
		.replace(/<(?:https?|mailto):[^<>|]{0,500}\|([^<>|]{0,500})>/g, '$1')
		.replace(/(^|\s):([a-z][a-z0-9_+-]{1,40}):/g, '$1 $2 ')

const reasonMarks =
	/(?:^|[\s,(-])(because|bc|b\/c|cuz|coz|'?cause|due to|owing to|on account of|reason:|reason is|the reason being)\s|,\s*(?:since|as)\s/i

/** The words before the reason, and the reason. A text that begins with the reason has it up to the first comma. */
export function splitReason(text: string): { head: string; reason: string | undefined } {
	const found = reasonMarks.exec(text)
	if (!found) return { head: text, reason: undefined }
	const after = text.slice(found.index + found[0].length)
	const before = text.slice(0, found.index).trim()
	if (before !== '') return { head: before, reason: withoutThanks(after) }
	const comma = after.indexOf(',')
	return comma === -1
		? { head: '', reason: withoutThanks(after) }
		: { head: after.slice(comma + 1), reason: withoutThanks(after.slice(0, comma)) }
}

const thanks = /[\s,.!-]+(?:please|pls|plz|thanks|thank you|thx|ty|cheers)$/i
const endMarks = /[\s.?!,;)'"]+$/

function withoutThanks(text: string): string | undefined {
	const bare = text.trim().slice(0, 1200).replace(endMarks, '').replace(thanks, '').replace(endMarks, '')
	return bare === '' ? undefined : bare
}

const edges = /^[([{"'*_~,;:!?.]+|[)\]}"'*_~,;:!?.]+$/g
const contracted =
	/^(what|who|how|where|when|that|it|there|here|everything|everyone|anything|something|why)'?s$/

/** The tokens of a text, in sentences. */
export function tokensOf(text: string): {
	tokens: Token[]
	/** Sentences that end with a question mark. */
	questions: ReadonlySet<number>
} {
	const tokens: Token[] = []
	const questions = new Set<number>()
	let sentence = 0
	let quote = ''
	for (const line of text.split('\n')) {
		const isCited = line.startsWith('>')
		for (const raw of line.split(/\s+/)) {
			const opened = /^[([{]*(["'])/.exec(raw)?.[1]
			if (quote === '' && opened !== undefined) quote = opened
			const isQuoted = quote !== '' || isCited
			if (quote !== '' && raw.length > 1 && raw.replace(/[.,;:!?)\]}]+$/, '').endsWith(quote)) quote = ''
			const bare = raw.startsWith('<@') ? raw.replace(/[^>]*$/, '') : raw.replace(edges, '')
			for (const [shown, word] of wordsOf(bare)) tokens.push({ text: shown, word, sentence, isQuoted })
			const end = /[.?!;]["')\]]*$/.exec(raw)?.[0]
			if (end === undefined) continue
			if (raw.includes('?')) questions.add(sentence)
			if (bare !== '' || end.includes('?')) sentence++
		}
		sentence++
	}
	return { tokens, questions }
}

/** `what's` is two words, `credit-risk's` is `credit-risk`. */
function wordsOf(bare: string): [text: string, word: string][] {
	const lower = bare.toLowerCase()
	if (lower === '' || /^[-+&/>]+$/.test(lower)) return []
	const whole = contracted.exec(lower)?.[1]
	if (whole !== undefined && whole !== lower)
		return [
			[bare, whole],
			['is', 'is'],
		]
	const own = bare.replace(/'s$/i, '')
	return [[own, own.toLowerCase().replaceAll("'", '')]]
}

/** Without the mention of the app at the beginning, and its name. */
export function withoutAddress(tokens: readonly Token[]): Token[] {
	let at = 0
	while (at < tokens.length - 1 && /^(<@.*>|\/?plumb|plumbline)$/i.test(tokens[at]?.text ?? '')) at++
	return tokens.slice(at)
}
