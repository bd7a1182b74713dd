import { describe, expect, it } from 'vitest'
import type { Terminal } from '../../src/cli/command.ts'
import { WorkProgress } from '../../src/cli/progress.ts'

/** What is shown of work that is `share` done at each second, on a terminal that is a screen or not. */
function shown(isScreen: boolean, shares: readonly number[]): string {
	let now = 0
	let text = ''
	const terminal = {
		now: () => now,
		isScreen,
		draw: (part: string) => {
			text += part
		},
	} as Terminal
	const progress = new WorkProgress(terminal)
	for (const share of shares) {
		progress.show(share, 'posting')
		now += 1000
	}
	progress.end()
	return text
}

describe('the progress of long work', () => {
	it('is a line at once and then every three seconds, where there is no screen', () => {
		expect(shown(false, [0, 0.1, 0.2, 0.3, 0.4])).toBe('  0 s    0%  posting\n  3 s   30%  posting\n')
	})

	it('is a bar on a screen, which is gone at the end', () => {
		const text = shown(true, [0, 0.5])
		expect(text.split('\r')).toEqual([
			'',
			`[${'.'.repeat(30)}] 0%  0 s  posting\x1b[K`,
			`[${'#'.repeat(15)}${'.'.repeat(15)}] 50%  1 s  posting\x1b[K`,
			'\x1b[K',
		])
	})

	it('never goes back, and is not done before the end', () => {
		expect(shown(true, [0.5, 0.2, 1]).match(/\d+%/g)).toEqual(['50%', '50%', '99%'])
	})
})
