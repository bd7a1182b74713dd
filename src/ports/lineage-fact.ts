import type { Result } from '../core/result.ts'

/** Something that came to be and never changes again, told to a lineage catalogue. `at` is RFC 3339. */
export type LineageFact = { at: string; model: string } & (
	| {
			kind: 'version'
			version: string
			features: { name: string; type: string }[]
			artifact: { sha256: string; format: string } | null
			lineage: { run?: string; dataset?: string; commit?: string; image?: string }
	  }
	| {
			kind: 'deployment'
			environment: string
			revision: number
			/** The champion first. */
			versions: { version: string; role: 'champion' | 'challenger' | 'canary'; percent?: number }[]
	  }
	| { kind: 'baseline'; version: string; digest: string; rows: number }
)

/** The beginning and the end of what made a fact: a catalogue wants one event of each. */
export type LineageEventType = 'START' | 'COMPLETE'

/** A lineage catalogue that takes OpenLineage events. Never throws. */
export type LineageSink = { send(fact: LineageFact, type: LineageEventType): Promise<Result<'sent'>> }
