import { z } from 'zod'
import type { Fault } from '../core/errors.ts'

const name = z.string().min(1).max(1024)

/** How a logged category becomes a number, or a 1 in its own column (one-hot). */
const Encoding = z.union([
	z.strictObject({ oneHot: z.record(z.string(), name) }),
	z.record(z.string(), z.number()),
])

const Limit = z.strictObject({
	/** Never changed. Sensitive attributes of the model are never changed, whatever this says. */
	immutable: z.boolean().optional(),
	min: z.number().optional(),
	max: z.number().optional(),
	/** The only direction in which a person can change it. */
	direction: z.enum(['increase', 'decrease']).optional(),
	/** Changed values are multiples of this: 1 for counts. */
	step: z.number().positive().optional(),
	/** Categories that can be reached. */
	values: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
	/** Features that would change with it. None of them can change alone, so all stay. */
	linked: z.array(name).optional(),
})
/** How far counterfactuals may change a feature. */
export const FeatureLimit = Limit.refine(
	({ min, max }) => min === undefined || max === undefined || min <= max,
	{
		path: ['min'],
		error: 'is above max: no value is within these limits',
	},
)
export type FeatureLimit = z.output<typeof FeatureLimit>

/** The model's endpoint, for estimates when there is no file to explain. */
export const Endpoint = z.strictObject({
	url: z.url({ protocol: /^https?$/ }),
	/** `v2`: Open Inference Protocol. `plumbline`: `{ instances: [{ feature: value }] }` to `{ predictions: [number | [number]] }`. */
	format: z.enum(['v2', 'plumbline']),
	/** v2: the tensor for all features as one table of numbers. Default: one tensor a feature, by name. */
	input: name.optional(),
	/** v2: the tensor with the scores, when there are several. */
	output: name.optional(),
})
export type Endpoint = z.output<typeof Endpoint>

/** What replaying a model needs and its file does not contain. Other members are kept and not used. */
export const Manifest = z.looseObject({
	/** The inputs in the order of the model. Default: the file's own names, else the version's features in order. */
	features: z.array(name).min(1).max(100_000).optional(),
	/** The number that means a missing value, like null (XGBoost's `missing=`). */
	missing: z.number().nullable().optional(),
	encodings: z.record(name, Encoding).optional(),
	/**
	 * The first boosting rounds that predict uses. Default: all; for a file saved by XGBoost's scikit-learn classes after early
	 * stopping, `best_iteration` + 1, as in these classes.
	 */
	rounds: z.int().min(1).optional(),
	/** From margin to score. Default: by the objective in the file. */
	link: z.enum(['logit', 'identity', 'log', 'softmax']).optional(),
	/** A score of at least this is a positive decision. Default: the model's threshold. */
	threshold: z.number().optional(),
	/**
	 * Which scores are bad for the person. Default: `low` for points and where the positive label is good for the person
	 * (approved, accepted, paid), else `high` (a probability of default).
	 */
	adverse: z.enum(['high', 'low']).optional(),
	/** The names of the classes, in the order of the outputs. */
	classes: z.array(z.string()).min(2).optional(),
	/** What the service logs as `score`. Default: `score`, the model's answer. */
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

/** The advice when only the order of the declared names says which column is which. */
export function orderAdvice(names: readonly string[]): string {
	const few = names.slice(0, 3).map((name) => JSON.stringify(name))
	return `The file does not name its features: its columns are taken as ${few.join(', ')}${names.length > 3 ? ' …' : ''} in the order of declaration. If the order of training differs, give \`features\` in the manifest.`
}
