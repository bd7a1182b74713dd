import type { Acting, Intent } from './vocabulary.ts'

/** Why an action that is named is not taken. */
export type Held =
	| 'question'
	| 'negation'
	| 'condition'
	| 'quoted'
	| 'sentences'
	| 'statement'
	| 'several'
	| 'spelling'

/**
 * What words mean: a command and the words after its name; an action that is named but not requested, with the command that
 * would request it; several commands that could be meant; or nothing, with the nearest command if there is one.
 */
export type Meaning =
	| { intent: Intent; words: string[] }
	| { held: Held; intent: Acting; words: string[] }
	| { either: Intent[]; words: string[][] }
	| { nearest: Intent | undefined }
