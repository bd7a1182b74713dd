import type { Context } from '../../context.ts'
import {
	AdditivityError,
	type Attribution,
	type Background,
	type Encoded,
	FeatureError,
	type Model,
} from '../../explain/model.ts'
import type { ModelCache, OpenedVersion } from '../../ports/model-cache.ts'
import { type FoundBackground, minRows, recordsOf } from './background.ts'
import type { UsedBackground } from './explanation.schema.ts'

export type Opened = Exclude<OpenedVersion, { unavailable: string }>
/** An opened version: its scores and its attributions, whether its file was read or a runtime runs it. */
export type Explainer = {
	shape: Pick<Model, 'features' | 'outputs' | 'classes' | 'space' | 'score'>
	/** Undefined for a model that only its runtime can run: it is explained by estimates. */
	model: Model | undefined
	encode(features: Readonly<Record<string, unknown>>): Encoded
	/** What the service logs as its score, for each output. */
	answer(x: Float64Array): Promise<Float64Array>
	attribute(
		x: Float64Array,
		found: FoundBackground,
		method?: Method,
	): Promise<Attribution | { reason: string }>
}
type Method = 'path-dependent' | 'interventional' | undefined

/** Of an estimate: coalitions beyond two a feature, and rows of the background. Each coalition scores every row. */
const coalitions = 512
const estimateRows = 40

export function explainerOf(context: Context, opened: Opened): Explainer {
	if (!('model' in opened)) return estimator(opened)
	const { model, manifest } = opened
	return {
		shape: model,
		model,
		encode: (features) => model.encode(features),
		async answer(x) {
			const margin = model.margin(x)
			return manifest.logged === 'margin' ? margin : model.score(margin)
		},
		async attribute(x, found, method) {
			// ONNX files hold no cover, so the model has no expectations of its own.
			const needed = method === 'interventional' || model.format === 'onnx'
			const compared = needed ? compareWith(context, model, found, 'all-applicants') : undefined
			if (needed && !compared) return { reason: tooFew(found) }
			return explained(context, model, x, compared) ?? { reason: doesNotAddUp }
		},
	}
}

const tooFew = ({ content }: FoundBackground): string =>
	`contributions against applicants need 30 logged ones that the model can score; ${content.all.length} are known so far`

const doesNotAddUp =
	'base and contributions do not add up to the margin, so no explanation is given. Report this with the id of the prediction'

/** Undefined when the attribution does not add up, which is a bug and is logged. */
export function explained(
	context: Context,
	model: Model,
	x: Float64Array,
	background: Parameters<Model['explain']>[1],
): Attribution | undefined {
	try {
		return model.explain(x, background)
	} catch (error) {
		if (!(error instanceof AdditivityError)) throw error
		notAdditive(context, model, error)
		return undefined
	}
}

export const notAdditive = (context: Context, { format }: Model, { message }: AdditivityError): void =>
	context.logger.error('an explanation does not add up', { error: message, format })

function estimator({ onnx }: Extract<Opened, { onnx: unknown }>): Explainer {
	return {
		shape: { ...pick(onnx), score: (margin) => margin },
		model: undefined,
		encode: (features) => onnx.encode(features),
		answer: async (x) => (await onnx.scores([x]))[0] ?? new Float64Array(onnx.outputs).fill(Number.NaN),
		async attribute(x, found) {
			const rows: Float64Array[] = []
			for (const record of recordsOf(found.content, found.content.all)) {
				try {
					if (rows.length < estimateRows) rows.push(onnx.encode(record).x)
				} catch (error) {
					if (!(error instanceof FeatureError)) throw error
				}
			}
			if (rows.length < 30) return { reason: tooFew(found) }
			try {
				return await onnx.estimate(x, rows, { evaluations: 2 * onnx.features.length + coalitions })
			} catch (error) {
				if (!(error instanceof FeatureError) && !(error instanceof RangeError)) throw error
				return { reason: `the contributions cannot be estimated: ${error.message}` }
			}
		},
	}
}

const pick = ({ features, outputs, classes, space }: Explainer['shape'] | OnnxShape) => ({
	features,
	outputs,
	classes,
	space,
})
type OnnxShape = Omit<Explainer['shape'], 'score'>

type Prepared = { model: Model; key: string; background: Background | undefined }

// By model cache, the least recently used first.
const prepared = new WeakMap<ModelCache, Prepared[]>()
const maxKept = 200
/** A prepared background takes nearly as much memory as its model; together they take at most this part of the cache. */
const partOfCache = 1 / 4

/** The rows that the model can score, as its background. Undefined when there are fewer than 30. */
function prepare(model: Model, { content }: FoundBackground, kind: UsedBackground['kind']) {
	const rows: Float64Array[] = []
	for (const record of recordsOf(content, kind === 'all-applicants' ? content.all : content.near)) {
		try {
			rows.push(model.encode(record).x)
		} catch (error) {
			if (!(error instanceof FeatureError)) throw error
		}
	}
	return rows.length < minRows ? undefined : model.background(rows)
}

/**
 * The background that a person is compared with: approved applicants at or just above the cut-off (Reg B, comment
 * 9(b)(2)-5(i)), or all applicants (-5(ii)). Undefined when too few are known.
 */
export function compareWith(
	{ models }: Pick<Context, 'models'>,
	model: Model,
	found: FoundBackground,
	kind: UsedBackground['kind'],
): Background | undefined {
	if (found.digest === null) return undefined
	const key = `${kind} ${found.digest}`
	const all = prepared.get(models) ?? []
	const known = all.find((p) => p.model === model && p.key === key)
	const one = known ?? { model, key, background: prepare(model, found, kind) }
	prepared.set(models, fitting([...all.filter((p) => p !== known), one], models.limitBytes * partOfCache))
	return one.background
}

/** The most recently used ones that fit. */
function fitting(list: readonly Prepared[], maxBytes: number): Prepared[] {
	let left = maxBytes
	const first = list.findLastIndex(({ model, background }) => {
		left -= background ? model.bytes : 0
		return left < 0
	})
	// The one in use always stays.
	return list.slice(Math.min(first + 1, list.length - 1)).slice(-maxKept)
}
