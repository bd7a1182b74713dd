/** `group`: values of sensitive attributes that are not features. */
export type RowKind = 'prediction' | 'feature' | 'outcome' | 'group'

/** The numbers that stored chunks and hashed keys use for a kind. */
export const kindNumber = { prediction: 1, feature: 2, outcome: 3, group: 4 } as const

/** The kind of each number. */
export const kindOfNumber: Readonly<Record<number, RowKind>> = Object.fromEntries(
	Object.entries(kindNumber).map(([kind, number]) => [number, kind as RowKind]),
)

/**
 * What becomes of an appended row. Duplicate: the same id and content. Conflict: the same id, other content. Erased: its
 * prediction was erased.
 */
export const rowStatus = { accepted: 0, duplicate: 1, conflict: 2, erased: 3 } as const

// A subject and a prediction may have the same text: ids of feature logs and groups say which of them they name.
export const subjectKey = (subject: string): string => `s${subject}`
export const predictionKey = (predictionId: string): string => `p${predictionId}`
