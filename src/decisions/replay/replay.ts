import type { Encoded } from '../../explain/model.ts'

/** How a logged score compares with what the registered artefact answers for the logged features. */
export type Replay = {
	status: 'matched' | 'mismatched' | 'unavailable'
	/** The score as it was logged; of multiclass models, of the class that was logged. Null when none was. */
	logged: number | null
	replayed: number | null
	/** Null when it matched to the bit; else what differs by how much, what is missing, or to which digits it matched. */
	reason: string | null
}

/**
 * A replay with what an explanation goes on from. `general`: an `unavailable` reason without anything of this prediction, by
 * which those of many are counted.
 */
export type Replayed = Replay & {
	general?: string
	encoded?: Encoded
	margin?: Float64Array
	score?: Float64Array
}
