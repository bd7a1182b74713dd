import type { Context } from '../../context.ts'
import type { Actor } from '../../core/actor.ts'
import { digestOf } from '../../core/canonical-json.ts'
import { AppError, type Fault } from '../../core/errors.ts'
import { isInexact } from '../../core/exact-json.ts'
import { commit } from '../../db/commit.ts'
import { FeatureError } from '../../explain/model.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { didYouMean } from '../../registry/model/find-model.ts'
import type { FeatureSpec } from '../../summaries/inputs/bins.ts'
import type { FoundBackground } from './background.ts'
import { attributionPart } from './contributions.ts'
import { chooseOutput, type DecisionRule, outputNames, wouldDecide } from './decision.ts'
import { backgroundOf } from './explain-prediction.ts'
import { type Explainer, explainerOf } from './explainer.ts'
import type { LedgerProof, WhatIf } from './explanation.schema.ts'
import { type ReadDecision, readDecision } from './read-decision.ts'

export type WhatIfQuery = {
	model: string
	predictionId: string
	/** By feature; null removes the value. */
	changes: Readonly<Record<string, unknown>>
	output?: string | undefined
}

/**
 * The registered model's score for the applicant with other values. Only the request is recorded, without values. Throws
 * `not-found`; `invalid` for a feature that the model does not have or a value that it cannot score; and `conflict` when
 * the version has no artefact that can answer.
 */
export async function whatIf(context: Context, actor: Actor, query: WhatIfQuery): Promise<WhatIf> {
	authorise(actor, ['analyst', 'auditor'], query.model)
	const read = await readDecision(context, query.model, query.predictionId)
	const { opened, replayed, stored } = read
	if ('unavailable' in opened) throw unable(replayed.reason ?? opened.unavailable)
	const explainer = explainerOf(context, opened)
	checkChanges(explainer.shape, read.row.features, query.changes)
	if (!stored.features) throw unable(replayed.reason ?? 'no features are logged')
	const content = await answer(context, actor, query, read, explainer)
	const entry = {
		action: 'ask-what-if',
		object: `prediction:${stored.model}/${stored.predictionId}`,
		model: stored.model,
		details: {
			version: stored.version,
			features: Object.keys(query.changes).sort(),
			answer: await digestOf(content),
		},
	}
	const [lookup] = (await commit(context, actor, entry, [])) as [LedgerProof]
	return { ...content, proof: { lookup } }
}

const unable = (reason: string) =>
	new AppError('conflict', `What-if cannot be answered for this prediction: ${reason}.`)

function checkChanges(
	{ features }: Explainer['shape'],
	specs: readonly FeatureSpec[],
	changes: WhatIfQuery['changes'],
): void {
	const known = `It has ${features.slice(0, 20).join(', ')}${features.length > 20 ? ', …' : ''}.`
	const numeric = new Set(specs.filter((s) => s.type === 'numeric').map((s) => s.name))
	const faults: Fault[] = Object.entries(changes)
		.map(([name, value]) => ({
			path: `changes.${name}`,
			message: !features.includes(name)
				? `${JSON.stringify(name)} is not a feature of the model.${didYouMean(name, features, known)}`
				: typeof value === 'number' && isInexact(value) && !numeric.has(name)
					? 'is a number beyond 2^53, whose last digits may be lost: send it as text'
					: '',
		}))
		.filter(({ message }) => message !== '')
		.slice(0, 50)
	const [first] = faults
	if (first) throw new AppError('invalid', `The body is invalid. ${first.path}: ${first.message}`, { faults })
}

async function answer(
	context: Context,
	actor: Actor,
	query: WhatIfQuery,
	read: ReadDecision,
	explainer: Explainer,
): Promise<Omit<WhatIf, 'proof'>> {
	const { stored, rule, row, replayed } = read
	const { shape } = explainer
	const found = await backgroundOf(context, actor, read)
	const features = { ...stored.features, ...query.changes }
	const before = await evaluate(explainer, stored.features ?? {}, query.changes, found)
	const after = await evaluate(explainer, features, query.changes, found)
	const decision = decisionOn(shape, rule, after.answer, found.content.opposite)
	const output = chooseOutput(shape, query.output, rule, decision, after.answer)
	const shown = { features, specs: row.features, background: found.content }
	const own = attributionPart(shape, after.attribution, output, shown)
	const score = after.answer[output] as number
	const margin = after.attribution.margin[output] as number
	const contributionsOf = ({ attribution }: typeof after) => attribution.contributions[output] as Float64Array
	return {
		predictionId: stored.predictionId,
		model: stored.model,
		version: stored.version,
		changes: { ...query.changes },
		score,
		decision,
		method: after.attribution.method,
		space: shape.space,
		output: own.output,
		base: after.attribution.base[output] as number,
		margin,
		contributions: own.contributions,
		sumError: after.attribution.sumError,
		notes: after.notes,
		difference: {
			score: score - (before.answer[output] as number),
			margin: margin - (before.attribution.margin[output] as number),
			contributions: differences(shape.features, contributionsOf(before), contributionsOf(after)),
		},
		replay: {
			status: replayed.status,
			logged: replayed.logged,
			replayed: replayed.replayed,
			reason: replayed.reason,
		},
	}
}

/** The changed contributions, the largest change first. */
const differences = (features: readonly string[], before: Float64Array, after: Float64Array) =>
	features
		.map((feature, i) => ({ feature, contribution: (after[i] as number) - (before[i] as number) }))
		.filter(({ contribution }) => contribution !== 0)
		.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))

/** Scores and explains a row. Throws `invalid` for a changed value that the model cannot take, `conflict` for a logged one. */
async function evaluate(
	explainer: Explainer,
	features: Record<string, unknown>,
	changes: object,
	found: FoundBackground,
) {
	try {
		const { x, notes } = explainer.encode(features)
		const attribution = await explainer.attribute(x, found)
		if ('reason' in attribution) throw unable(attribution.reason)
		return { notes, attribution, answer: await explainer.answer(x) }
	} catch (error) {
		if (!(error instanceof FeatureError)) throw error
		if (!Object.hasOwn(changes, error.feature))
			throw unable(`the model cannot be run on the logged features: ${error.message.replace(/\.$/, '')}`)
		const path = `changes.${error.feature}`
		throw new AppError('invalid', `The body is invalid. ${path}: ${error.message}`, {
			faults: [{ path, message: error.message }],
			cause: error,
		})
	}
}

/** The decision for a score. */
function decisionOn(
	shape: Explainer['shape'],
	rule: DecisionRule,
	answer: Float64Array,
	opposite: string | null,
): string | null {
	if (shape.outputs > 1 && rule.task !== 'binary')
		return outputNames(shape)[answer.indexOf(Math.max(...answer))] ?? null
	const output = chooseOutput(shape, undefined, rule, null, answer)
	return wouldDecide(rule, answer[output] as number, opposite).decision
}
