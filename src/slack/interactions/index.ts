import type { Handler } from '../reply.ts'
import { acknowledge } from './acknowledge.ts'
import { report } from './report.ts'
import { why } from './why.ts'

/** What buttons do, by action id. `words[0]` is the opaque id that the button carries. */
export const interactions = {
	incident_acknowledge: acknowledge,
	incident_why: why,
	why_report: report,
} satisfies Record<string, Handler>
