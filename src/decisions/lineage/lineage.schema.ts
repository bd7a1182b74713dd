import { z } from 'zod'
import { type Output, Time, TimeOrNull } from '../../core/schemas.ts'
import { nodeKinds } from './graph.ts'
import { directions } from './read-lineage.ts'

const LineageNode = z
	.strictObject({
		id: z
			.string()
			.meta({ description: '`<kind>:<name>`; also accepted as `from` if `from` supports the kind.' }),
		kind: z.enum(nodeKinds),
		name: z.string(),
		attributes: z.record(z.string(), z.unknown()).meta({
			description: 'Known attributes. `source: mlflow`: from the tracking server, read at `readAt`.',
		}),
	})
	.meta({ id: 'LineageNode' })

const LineageEdge = z
	.strictObject({
		from: z.string(),
		to: z.string(),
		kind: z.string().meta({
			description:
				'`trained`, `code`, `image`, `produced`, `loaded`, `registered`; `champion`, `challenger`, `canary`, `requested`; `decided`; `in-force`.',
		}),
		at: TimeOrNull,
		source: z.literal('mlflow').optional(),
	})
	.meta({ id: 'LineageEdge', description: 'Edges point from data to decisions.' })

export const Lineage = z
	.strictObject({
		from: z.string().meta({ description: 'The start node; a shortened commit is completed.' }),
		direction: z.enum(directions),
		nodes: z.array(LineageNode),
		edges: z.array(LineageEdge),
		chain: z.array(z.string()).meta({ description: 'The same in sentences.' }),
		next: z.string().nullable().meta({ description: 'The cursor for further versions; null at the end.' }),
	})
	.meta({ id: 'Lineage' })
export type Lineage = Output<typeof Lineage>

export const TouchedPrediction = z
	.strictObject({
		model: z.string(),
		version: z.string(),
		environment: z.string(),
		predictionId: z.string(),
		timestamp: Time,
	})
	.meta({ id: 'TouchedPrediction' })
export type TouchedPrediction = Output<typeof TouchedPrediction>
