import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { commandLine } from '../support/command-line.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const evil = '\u001b[2J\u001b]0;pwn\u0007\u009b31m\u202egnp'
const folder = temporaryFolder()

const hasControls = (text: string) => /[\p{Cc}\u202a-\u202e]/u.test(text.replace(/[\n\t]/g, ''))

it('names and errors from outside reach a terminal without its escapes, and JSON says the same', async () => {
	const rows = Array.from({ length: 40 }, (_, i) => `${i / 40},${i % 2},${i % 3 === 0 ? evil : 'b'}`)
	const data = join(folder, 'data.csv')
	await writeFile(data, ['score,y,"g"', ...rows].join('\n'))
	const args = [
		'evaluate',
		'--data',
		data,
		'--task',
		'binary',
		'--score',
		'score',
		'--actual',
		'y',
		'--group',
		'g',
	]
	const text = await commandLine(args)
	expect([text.code, text.err]).toEqual([0, expect.any(String)])
	expect(text.out).toContain('\\u001b[2J')
	expect(hasControls(text.out + text.err)).toBe(false)
	const json = await commandLine([...args, '--json'])
	expect(hasControls(json.out)).toBe(false)
	expect(JSON.stringify(JSON.parse(json.out))).toContain(JSON.stringify(evil).slice(1, -1))

	for (const wrong of [
		['evaluate', '--data', join(folder, `${evil}.csv`), '--task', 'binary', '--score', 's', '--actual', 'y'],
		['evaluate', '--data', data, '--task', 'binary', '--score', evil, '--actual', 'y'],
		[evil],
	]) {
		const { code, err } = await commandLine(wrong)
		expect([code, hasControls(err)]).toEqual([2, false])
		expect(err).toContain('\\u001b')
	}
})
