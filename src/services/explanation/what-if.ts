import type { Actor, Context } from '../../context.ts'
import { AppError, type Fault } from '../../core/errors.ts'
import { commit } from '../../db/commit.ts'
import type { Manifest } from '../../explain/manifest.ts'
import { AdditivityError, FeatureError, type Model } from '../../explain/model.ts'
import { authorise } from '../authorise.ts'
import { digestOf } from '../model/digest.ts'
import { hint } from '../model/find-model.ts'
import { chooseOutput, outputNames } from './choose-output.ts'
import { attributionPart } from './contributions.ts'
import { type DecisionRule, wouldDecide } from './decision.ts'
import { backgroundOf } from './explain-prediction.ts'
import type { WhatIf } from './explanation.ts'
import { type ReadDecision, readDecision } from './read-decision.ts'

export type WhatIfQuery = {
	model: string
	predictionId: string
	/** By feature; null takes the value away. */
	changes: Readonly<Record<string, unknown>>
	output?: string | undefined
}

type Opened = { model: Model; manifest: Manifest }

/**
 * What the registered model answers for the applicant with other values. Nothing is logged but that it was asked, without
 * values. Throws `not-found`; `invalid` for a feature that the model does not have or a value that it cannot take; and
 * `conflict` where the version has no artefact that can answer.
 */
export async function whatIf(context: Context, actor: Actor, query: WhatIfQuery): Promise<WhatIf> {
	authorise(actor, ['analyst', 'auditor'], query.model)
	const read = await readDecision(context, query.model, query.predictionId)
	const { opened, replayed, stored } = read
	if (!('model' in opened)) throw unable(replayed.reason ?? opened.unavailable)
	checkNames(opened.model, query.changes)
	if (!stored.features) throw unable(replayed.reason ?? 'no features are logged')
	const content = await answer(context, actor, query, read, opened)
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
	const [lookup] = await commit(context, actor, entry, [])
	return { ...content, proof: { lookup: lookup ?? { index: -1, leafHash: '' } } }
}

const unable = (reason: string) =>
	new AppError('conflict', `What if cannot be answered for this prediction: ${reason}.`)

function checkNames({ features }: Model, changes: WhatIfQuery['changes']): void {
	const faults: Fault[] = Object.keys(changes)
		.filter((name) => !features.includes(name))
		.slice(0, 50)
		.map((name) => ({
			path: `changes.${name}`,
			message: `${JSON.stringify(name)} is no feature of the model.${hint(name, features, `It has ${features.slice(0, 20).join(', ')}${features.length > 20 ? ', …' : ''}.`)}`,
		}))
	const [first] = faults
	if (first) throw new AppError('invalid', `The body is wrong. ${first.path}: ${first.message}`, { faults })
}

async function answer(
	context: Context,
	actor: Actor,
	query: WhatIfQuery,
	read: ReadDecision,
	opened: Opened,
): Promise<Omit<WhatIf, 'proof'>> {
	const { stored, rule, row, replayed } = read
	const found = await backgroundOf(context, actor, read)
	const decisionOf = (of: Float64Array) => decisionOn(opened, rule, of, found.content.opposite)
	const features = { ...stored.features, ...query.changes }
	const before = evaluate(opened, stored.features ?? {}, query.changes)
	const after = evaluate(opened, features, query.changes)
	const output = chooseOutput(opened.model, query.output, rule, decisionOf(after.answer), after.margin)
	const shown = { features, specs: row.features, background: found.content }
	const own = attributionPart(opened.model, after.attribution, output, shown)
	const was = attributionPart(opened.model, before.attribution, output, shown)
	const score = after.answer[output] as number
	const contributionBefore = new Map(was.contributions.map((c) => [c.feature, c.contribution]))
	return {
		predictionId: stored.predictionId,
		model: stored.model,
		version: stored.version,
		changes: { ...query.changes },
		score,
		decision: decisionOf(after.answer),
		method: after.attribution.method,
		space: opened.model.space,
		output: own.output,
		base: own.base ?? Number.NaN,
		margin: own.margin ?? Number.NaN,
		contributions: own.contributions,
		sumError: after.attribution.sumError,
		notes: after.notes,
		difference: {
			score: score - (before.answer[output] as number),
			margin: (own.margin ?? Number.NaN) - (was.margin ?? Number.NaN),
			contributions: own.contributions
				.map(({ feature, contribution }) => ({
					feature,
					contribution: contribution - (contributionBefore.get(feature) ?? 0),
				}))
				.filter(({ contribution }) => contribution !== 0),
		},
		replay: {
			status: replayed.status,
			logged: replayed.logged,
			replayed: replayed.replayed,
			reason: replayed.reason,
		},
	}
}

/** A row through the model. Throws `invalid` for a changed value that it cannot take, `conflict` for a logged one. */
function evaluate({ model, manifest }: Opened, features: Record<string, unknown>, changes: object) {
	try {
		const { x, notes } = model.encode(features)
		const attribution = model.explain(x)
		const { margin } = attribution
		return { notes, attribution, margin, answer: manifest.logged === 'margin' ? margin : model.score(margin) }
	} catch (error) {
		if (error instanceof AdditivityError) throw unable(error.message)
		if (!(error instanceof FeatureError)) throw error
		if (!Object.hasOwn(changes, error.feature))
			throw unable(`the model cannot be run on the logged features: ${error.message}`)
		const path = `changes.${error.feature}`
		throw new AppError('invalid', `The body is wrong. ${path}: ${error.message}`, {
			faults: [{ path, message: error.message }],
			cause: error,
		})
	}
}

/** What the decision on an answer would be. */
function decisionOn(
	{ model }: Opened,
	rule: DecisionRule,
	answer: Float64Array,
	opposite: string | null,
): string | null {
	if (model.outputs > 1 && rule.task !== 'binary')
		return outputNames(model)[answer.indexOf(Math.max(...answer))] ?? null
	const output = chooseOutput(model, undefined, rule, null, answer)
	return wouldDecide(rule, answer[output] as number, opposite).decision
}
