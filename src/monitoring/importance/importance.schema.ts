import { z } from 'zod'
import { numberOrNull, type Output, Time } from '../../core/schemas.ts'
import { scopeMembers } from '../scope.ts'

export const FeatureImportance = z
	.strictObject({
		feature: z.string(),
		meanAbsolute: z.number().meta({ description: 'Mean of the absolute contributions, over all classes.' }),
		standardError: numberOrNull.meta({ description: 'Standard error of the mean; null for a single row.' }),
		mean: z.number().meta({ description: 'Mean signed contribution.' }),
		share: numberOrNull.meta({ description: 'Share of the mean absolute contributions of all features.' }),
	})
	.meta({ id: 'FeatureImportance', description: 'How much a feature contributes to the output of a model.' })
export type FeatureImportance = Output<typeof FeatureImportance>

const scope = {
	...scopeMembers,
	computedAt: Time,
}
const reason = z.string().nullable().meta({ description: 'Why there is no result.' })
const rows = z.int().meta({ description: 'Number of predictions of the period.' })

export const Importance = z
	.strictObject({
		...scope,
		method: z.string().nullable().meta({ description: 'How contributions were computed.' }),
		space: z.string().nullable().meta({
			description: 'The unit of contributions; null for sent attributions without one.',
		}),
		rows,
		sampled: z.int().meta({ description: 'Number of sampled rows; the sample is always the same.' }),
		explained: z.int().meta({ description: 'Number of sampled rows that could be explained.' }),
		features: z.array(FeatureImportance).meta({ description: 'The most important first.' }),
		segments: z
			.array(
				z.strictObject({
					segment: z.string(),
					value: z.string(),
					explained: z.int(),
					features: z.array(FeatureImportance),
				}),
			)
			.nullable()
			.meta({ description: 'By value of the requested segment, the largest first.' }),
		reason,
	})
	.meta({ id: 'Importance', description: 'Feature importance over a sample of rows.' })
export type Importance = Output<typeof Importance>

export const Dependence = z
	.strictObject({
		...scope,
		feature: z.string(),
		output: z.string().nullable().meta({ description: 'The class; null for models with one output.' }),
		rows,
		averaged: z.int().meta({ description: 'Number of rows that the curve is averaged over.' }),
		points: z.array(
			z.strictObject({
				value: z
					.union([z.string(), z.number(), z.boolean()])
					.meta({ description: 'The value of the feature.' }),
				mean: z.number().meta({ description: 'Mean output of the model.' }),
				standardError: numberOrNull,
				low: z.number().meta({ description: 'Tenth percentile of the outputs for single rows (ICE).' }),
				high: z.number().meta({ description: 'Ninetieth percentile.' }),
				rows: z.int().meta({
					description: 'Number of sampled rows with this value, or with one between this point and the next.',
				}),
			}),
		),
		reason,
	})
	.meta({ id: 'PartialDependence', description: 'How the mean output of a model depends on one feature.' })
export type Dependence = Output<typeof Dependence>
