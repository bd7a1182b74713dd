import type { Resource } from '../endpoint.ts'
import { ingestEndpoint } from '../ingest/ingest-endpoint.ts'
import { OutcomeRow } from '../../ingest/rows.schema.ts'

export const outcomes = {
	about: 'What really happened, whenever it becomes known.',
	endpoints: [
		ingestEndpoint({
			kind: 'outcome',
			path: 'outcomes',
			id: 'postOutcomes',
			summary: 'Log outcomes',
			description:
				'In any order, also before the prediction. Another actual for the same prediction corrects it; the history stays. `observed: false` says that it can never be known; an actual beside it is kept and not used.',
			row: OutcomeRow,
			example: {
				predictionId: '0192f0c4-7e3b-7cc1-a0b8-52f1d7a3c001',
				actual: 0,
				timestamp: '2026-04-01T00:00:00Z',
			},
		}),
	],
} satisfies Resource
