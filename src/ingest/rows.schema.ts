import { z } from 'zod'
import type { Output } from '../core/schemas.ts'

const id = z.string().min(1).max(256)
const time = z.string().describe('RFC 3339 with an offset, such as 2026-03-01T12:00:00Z')
const label = z.union([z.string(), z.number(), z.boolean(), z.null()])
const features = z
	.record(z.string(), z.unknown())
	.describe(
		'Feature name to value. Values of a wrong type are stored and marked, never rejected. Integers beyond 2^53 keep their digits as text if the feature is not numeric.',
	)
const numbers = z.record(z.string(), z.number())

// The row schemas are for the API reference: validate-row.ts decides on each row, faster, and a test holds both to the same
// decisions.
export const PredictionRow = z
	.object({
		predictionId: id,
		version: id,
		timestamp: time,
		features: features.optional(),
		score: z
			.number()
			.optional()
			.describe('Binary: a probability. Outside [0, 1] it is marked `score-range`.'),
		label: label.optional().describe('The decision. Default: positiveLabel when score >= threshold.'),
		probabilities: numbers.optional().describe('By class.'),
		segment: z
			.record(z.string(), label)
			.optional()
			.describe('By the name of a segment that the model declares.'),
		subject: id.optional(),
		attributions: numbers.optional(),
		latencyMs: z.number().min(0).optional(),
		environment: id.default('production'),
	})
	.strict()
	.meta({ id: 'PredictionRow' })

export const FeatureRow = z
	.object({ predictionId: id.optional(), subject: id.optional(), timestamp: time, features })
	.strict()
	.meta({ id: 'FeatureRow' })

export const OutcomeRow = z
	.object({
		predictionId: id,
		actual: label.optional(),
		timestamp: time,
		observed: z.boolean().default(true),
	})
	.strict()
	.meta({ id: 'OutcomeRow' })

export const GroupRow = z
	.object({
		predictionId: id.optional(),
		subject: id.optional(),
		timestamp: time,
		groups: z.record(z.string(), label).describe('Attribute name to value.'),
	})
	.strict()
	.meta({ id: 'GroupRow' })

export const StoredGroups = z
	.object({
		predictionId: id,
		model: id,
		groups: z
			.array(
				z.object({
					by: z.enum(['predictionId', 'subject']),
					timestamp: time,
					groups: z.record(z.string(), label),
				}),
			)
			.describe('As sent, oldest first.'),
	})
	.meta({ id: 'StoredGroups' })

export const RejectedRow = z
	.object({
		index: z.number().int().describe('Position in the body, from 0. For NDJSON: the line.'),
		predictionId: z.string().nullable(),
		code: z.enum([
			'malformed',
			'invalid',
			'too-large',
			'conflict',
			'unknown-version',
			'too-old',
			'in-future',
			'erased',
		]),
		path: z.string(),
		message: z.string(),
	})
	.meta({ id: 'RejectedRow' })
export type RejectedRow = Output<typeof RejectedRow>

export const IngestAnswer = z
	.object({
		accepted: z.number().int(),
		duplicates: z.number().int(),
		rejected: z.array(RejectedRow).describe('The first 10,000.'),
		rejectedCount: z.number().int(),
	})
	.meta({ id: 'IngestAnswer' })

export const OutcomeAnswer = IngestAnswer.extend({
	waiting: z.number().int().describe('Accepted outcomes whose prediction has not arrived yet.'),
}).meta({ id: 'OutcomeAnswer' })
export type IngestResult = Output<typeof OutcomeAnswer>

export const StoredPrediction = z
	.object({
		predictionId: id,
		model: id,
		version: id,
		environment: id,
		timestamp: time,
		features: features.nullable().optional().describe('Null when none were sent. Absent for viewers.'),
		score: z.number().optional(),
		label: label.optional(),
		probabilities: numbers.optional(),
		segment: z.record(z.string(), label).optional().describe('Without sensitive attributes for viewers.'),
		subject: id.optional().describe('Absent for viewers.'),
		attributions: numbers.optional(),
		latencyMs: z.number().optional(),
		outcome: z.object({ actual: label.optional(), timestamp: time, observed: z.boolean() }).nullable(),
		outcomeHistory: z
			.array(z.object({ actual: label.optional(), timestamp: time, observed: z.boolean() }))
			.optional(),
		quality: z
			.array(z.object({ code: z.string(), path: z.string(), message: z.string() }))
			.describe(
				'What does not match the declaration: type-error, missing-feature, unknown-feature, null, range-violation, domain-violation, inexact-number, score-range, probability-range, probability-sum, unknown-class.',
			),
	})
	.meta({ id: 'StoredPrediction' })
