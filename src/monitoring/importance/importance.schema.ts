import { z } from 'zod'
import { numberOrNull, type Output, Time } from '../../core/schemas.ts'

export const FeatureImportance = z
	.strictObject({
		feature: z.string(),
		meanAbsolute: z.number().meta({ description: 'Mean of the absolute contributions, over all classes.' }),
		standardError: numberOrNull.meta({ description: 'Of that mean; null for one row.' }),
		mean: z.number().meta({ description: 'Mean contribution with its sign.' }),
		share: numberOrNull.meta({ description: 'Part of the mean absolute contributions of all features.' }),
	})
	.meta({ id: 'FeatureImportance', description: 'How much a feature moves the answers of a model.' })
export type FeatureImportance = Output<typeof FeatureImportance>

const scope = {
	model: z.string(),
	version: z.string(),
	environment: z.string(),
	period: z
		.strictObject({ from: Time, to: Time })
		.meta({ description: 'Of the predictions, in whole hours; `to` is exclusive.' }),
	computedAt: Time,
}
const reason = z.string().nullable().meta({ description: 'Why there is nothing to say.' })
const rows = z.int().meta({ description: 'Predictions of the period.' })

export const Importance = z
	.strictObject({
		...scope,
		method: z.string().nullable().meta({ description: 'How contributions were computed.' }),
		space: z.string().nullable().meta({
			description: 'What contributions are measured in; null where they were sent and do not say.',
		}),
		rows,
		sampled: z.int().meta({ description: 'Rows that were drawn: always the same ones of the same rows.' }),
		explained: z.int().meta({ description: 'Rows of these that could be explained.' }),
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
			.meta({ description: 'By value of the segment that was asked for, the largest first.' }),
		reason,
	})
	.meta({ id: 'Importance', description: 'What moves the answers of a model, over a sample of its rows.' })
export type Importance = Output<typeof Importance>

export const Dependence = z
	.strictObject({
		...scope,
		feature: z.string(),
		output: z.string().nullable().meta({ description: 'The class; null for models with one output.' }),
		rows,
		averaged: z.int().meta({ description: 'Rows that the curve is the mean of.' }),
		points: z.array(
			z.strictObject({
				value: z
					.union([z.string(), z.number(), z.boolean()])
					.meta({ description: 'The value of the feature.' }),
				mean: z.number().meta({ description: "The model's mean answer." }),
				standardError: numberOrNull,
				low: z.number().meta({ description: "Tenth percentile of the rows' own answers (ICE)." }),
				high: z.number().meta({ description: 'Ninetieth percentile of them.' }),
				rows: z.int().meta({
					description: 'Rows of the sample that have this value, or one from here to the next point.',
				}),
			}),
		),
		reason,
	})
	.meta({ id: 'PartialDependence', description: 'How the mean answer of a model depends on one feature.' })
export type Dependence = Output<typeof Dependence>
