import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { Meaning } from '../../../src/slack/intents/meaning.ts'
import { parseWords } from '../../../src/slack/intents/parse-words.ts'
import { intents } from '../../../src/slack/intents/vocabulary.ts'
import { names } from './names.ts'

type Phrasing = { words: string; meaning: string }

/** The tables of docs/phrasings.md: the published phrasings, and those held out. */
async function readPhrasings(): Promise<[published: Phrasing[], heldOut: Phrasing[]]> {
	const text = await readFile(new URL('../../../docs/phrasings.md', import.meta.url), 'utf8')
	const rowsOf = (part = '') =>
		part.split('\n').flatMap((line) => {
			const [, words, meaning] = /^\| (.+) \| (.+) \|$/.exec(line) ?? []
			return words === undefined || meaning === undefined || words === 'words' ? [] : [{ words, meaning }]
		})
	const [before, after] = text.split('## Held out')
	return [rowsOf(before), rowsOf(after)]
}

function wordingOf(meaning: Meaning): string {
	if ('held' in meaning) return `not done: \`${meaning.intent}\``
	if ('either' in meaning) return `which: ${meaning.either.map((i) => `\`${i}\``).join(', ')}`
	if ('intent' in meaning) return `\`${[meaning.intent, ...meaning.words].join(' ')}\``
	return 'unknown'
}

const wrong = (phrasings: readonly Phrasing[]) =>
	phrasings.flatMap(({ words, meaning }) => {
		const found = wordingOf(parseWords(words, names))
		return found === meaning ? [] : [`${words}: ${found}, not ${meaning}`]
	})

describe('the published phrasings', () => {
	it('are understood, every one', async () => {
		const [published] = await readPhrasings()
		expect(wrong(published)).toEqual([])
	})

	it('are at least 240, different, and cover every command', async () => {
		const [published, heldOut] = await readPhrasings()
		const all = [...published, ...heldOut]
		expect(published.length).toBeGreaterThan(240)
		expect(new Set(all.map((p) => p.words)).size).toBe(all.length)
		const meant = published.map((p) => /^`(\w+)/.exec(p.meaning)?.[1])
		expect(intents.filter((intent) => !meant.includes(intent))).toEqual([])
	})

	it('are understood to 95% where they are held out, a quarter of all', async () => {
		const [published, heldOut] = await readPhrasings()
		expect(heldOut.length).toBeGreaterThanOrEqual((published.length + heldOut.length) / 4)
		expect(wrong(heldOut).length).toBeLessThanOrEqual(heldOut.length * 0.05)
	})

	it('never act among the held-out ones where the words do not request it', async () => {
		const [, heldOut] = await readPhrasings()
		const acting = /^`(rollback|promote|retrain|silence)/
		const acted = heldOut.filter(
			({ words, meaning }) => acting.test(wordingOf(parseWords(words, names))) && !acting.test(meaning),
		)
		expect(acted).toEqual([])
	})
})
