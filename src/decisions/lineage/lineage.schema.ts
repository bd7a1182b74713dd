import { z } from 'zod'
import { type Output, Time, TimeOrNull } from '../../core/schemas.ts'
import { nodeKinds } from './graph.ts'

export const directions = ['back', 'forward', 'both'] as const
export type Direction = (typeof directions)[number]

const LineageNode = z
	.strictObject({
		id: z
			.string()
			.meta({ description: '`<kind>:<name>`, which `from` accepts for the kinds that it knows.' }),
		kind: z.enum(nodeKinds),
		name: z.string(),
		attributes: z.record(z.string(), z.unknown()).meta({
			description: 'What is known of it. `source: mlflow`: from the tracking server, at `readAt`.',
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
	.meta({ id: 'LineageEdge', description: 'From data to decisions.' })

export const Lineage = z
	.strictObject({
		from: z.string().meta({ description: 'The node where it starts; an abbreviated commit is written out.' }),
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
