import type { ArtifactFormat } from '../model.ts'
import { readLightgbm } from './lightgbm.ts'
import type { TreeFile } from './tree-file.ts'
import { readXgboost } from './xgboost.ts'

const formats = ['xgboost-json', 'xgboost-ubj', 'lightgbm-text'] as const satisfies readonly ArtifactFormat[]
export type TreeFormat = (typeof formats)[number]

export const isTreeFormat = (format: ArtifactFormat): format is TreeFormat =>
	formats.some((one) => one === format)

/** Reads a tree file, which is nearly all the work of opening it. `rounds`: the boosting rounds to use; default all. */
export const readTreeFile = (format: TreeFormat, bytes: Uint8Array, rounds?: number): TreeFile =>
	format === 'lightgbm-text' ? readLightgbm(bytes, rounds) : readXgboost(bytes, format, rounds)
