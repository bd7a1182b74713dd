import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { avoidedWordsIn } from '../../.ci/avoided-words.ts'

it('no name in src uses an avoided word', () => {
	const uses = avoidedWordsIn('src').map(({ path, name, use }) => `${path}: ${name} (use ${use})`)
	expect(uses).toEqual([])
})

it('a word is found inside a name, but not in texts, comments and names of the contract', () => {
	const folder = mkdtempSync(join(tmpdir(), 'plumbline-words-'))
	try {
		writeFileSync(
			join(folder, 'order-book.ts'),
			"/** A tally. */\nexport const newJoinBrief = { verdict: 'judged', JUDGED_ROWS: 1 }\n",
		)
		const found = avoidedWordsIn(folder).map(({ name, word }) => `${name}: ${word}`)
		expect(found).toEqual(['order-book.ts: book', 'newJoinBrief: brief', 'JUDGED_ROWS: judged'])
	} finally {
		rmSync(folder, { recursive: true, force: true })
	}
})
