import { z } from 'zod'
import type { Fault } from '../core/errors.ts'

const name = z.string().min(1).max(1024)

/** A logged category becomes a number, or the 1 of its own column among 0s. */
const Encoding = z.union([
	z.strictObject({ oneHot: z.record(z.string(), name) }),
	z.record(z.string(), z.number()),
])

const Limit = z.strictObject({
	/** Never moved. Sensitive attributes of the model never are, whatever this says. */
	immutable: z.boolean().optional(),
	min: z.number().optional(),
	max: z.number().optional(),
	/** The only way in which a person can move it. */
	direction: z.enum(['increase', 'decrease']).optional(),
	/** Moved values are whole multiples of this: 1 for counts. */
	step: z.number().positive().optional(),
	/** Categories that can be reached. */
	values: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
	/** Features that would move with it: neither is moved alone, so they stay. */
	linked: z.array(name).optional(),
})
/** How far a feature may be moved in "what would have changed the decision". */
export const FeatureLimit = Limit.refine(
	({ min, max }) => min === undefined || max === undefined || min <= max,
	{
		path: ['min'],
		error: 'is above max: no value is within these limits',
	},
)
export type FeatureLimit = z.output<typeof FeatureLimit>

/** Where a model answers, to be asked for estimates where there is no file to explain. */
export const Endpoint = z.strictObject({
	url: z.url({ protocol: /^https?$/ }),
	/** `v2`: Open Inference Protocol. `plumbline`: `{ instances: [{ feature: value }] }` to `{ predictions: [number | [number]] }`. */
	format: z.enum(['v2', 'plumbline']),
	/** v2: the tensor that takes all features as one table of numbers. Default: a tensor a feature, by its name. */
	input: name.optional(),
	/** v2: the tensor with the scores, where there are several. */
	output: name.optional(),
})
export type Endpoint = z.output<typeof Endpoint>

/** What a model's file lacks and replaying it takes. Other members are kept and not used. */
export const Manifest = z.looseObject({
	/** The inputs in the order of the model. Default: the file's own names, else the version's features in order. */
	features: z.array(name).min(1).max(100_000).optional(),
	/** The number that stands for a missing value, beside null (XGBoost's `missing=`). */
	missing: z.number().nullable().optional(),
	encodings: z.record(name, Encoding).optional(),
	/**
	 * Boosting rounds that predict uses, from the first. Default: all of the file; of a file that one of XGBoost's
	 * scikit-learn classes saved after early stopping, `best_iteration` + 1, where these classes stop.
	 */
	rounds: z.int().min(1).optional(),
	/** From margin to score. Default: as the file's objective says. */
	link: z.enum(['logit', 'identity', 'log', 'softmax']).optional(),
	/** A score from here on is a positive decision. Default: the model's. */
	threshold: z.number().optional(),
	/**
	 * Which scores are bad for the person. Default: `low` for points and where the positive label is good for the person
	 * (approved, accepted, paid), else `high` (a probability of default).
	 */
	adverse: z.enum(['high', 'low']).optional(),
	/** Names of the classes in the order of the outputs. */
	classes: z.array(z.string()).min(2).optional(),
	/** What the service logs as `score`. Default: `score`, what the model answers. */
	logged: z.enum(['score', 'margin']).optional(),
	limits: z.record(name, FeatureLimit).optional(),
	endpoint: Endpoint.optional(),
})
export type Manifest = z.output<typeof Manifest>

/** A version's manifest, or what is wrong in it, each with its path inside the manifest. */
export function readManifest(value: unknown): { manifest: Manifest } | { faults: Fault[] } {
	const result = Manifest.safeParse(value ?? {})
	if (result.success) return { manifest: result.data }
	return {
		faults: result.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message })),
	}
}

/** What to say where nothing but the order of declared names tells which column of a file is which. */
export function orderAdvice(names: readonly string[]): string {
	const few = names.slice(0, 3).map((name) => JSON.stringify(name))
	return `The file does not name its features: its columns are taken to be ${few.join(', ')}${names.length > 3 ? ' …' : ''} in the order in which they are declared. If that is not the order of training, give \`features\` in the manifest.`
}
