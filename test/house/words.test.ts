import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { avoidedWordsIn } from '../../.ci/avoided-words.ts'

/** Names that are still to be changed. The number may only become smaller. */
const remaining = 257

it('no new name of src uses a word that the field has another word for', () => {
	const uses = avoidedWordsIn('src')
	const listed = [...new Set(uses.map(({ path, name, use }) => `${path}: ${name} (use ${use})`))]
	expect(uses.length, listed.join('\n')).toBeLessThanOrEqual(remaining)
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
