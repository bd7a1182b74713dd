import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { boards, fileOf, jsonOf } from '../../dashboards/index.ts'

it.each(Object.entries(boards))('dashboards/%s is what `npm run dashboards` writes', (name, board) => {
	expect(readFileSync(fileOf(name), 'utf8')).toBe(jsonOf(board))
})

it('no other board lies beside them', () => {
	const files = readdirSync(fileOf('.')).filter((name) => name.endsWith('.json'))
	expect(files.sort()).toEqual(Object.keys(boards).sort())
})

it.each(Object.entries(boards))(
	'%s has panels that do not overlap, each with an id of its own',
	(_name, board) => {
		const panels = board.panels ?? []
		const taken = new Set<string>()
		for (const { gridPos } of panels) {
			const { x, y, w, h } = gridPos as { x: number; y: number; w: number; h: number }
			expect(x + w).toBeLessThanOrEqual(24)
			for (let i = x; i < x + w; i++)
				for (let j = y; j < y + h; j++) {
					expect(taken.has(`${i} ${j}`)).toBe(false)
					taken.add(`${i} ${j}`)
				}
		}
		expect(new Set(panels.map((p) => p.id)).size).toBe(panels.length)
	},
)
