import { writeFileSync } from 'node:fs'
import { fleet } from './fleet.ts'
import { model } from './model.ts'

/** Each board with the file that Grafana imports. */
export const boards = { 'fleet.json': fleet, 'model.json': model }

export const fileOf = (name: string): URL => new URL(name, import.meta.url)
export const jsonOf = (board: object): string => `${JSON.stringify(board, null, '\t')}\n`

if (import.meta.main)
	for (const [name, board] of Object.entries(boards)) writeFileSync(fileOf(name), jsonOf(board))
