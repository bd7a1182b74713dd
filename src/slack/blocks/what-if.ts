import type { Explanation, WhatIf } from '../../decisions/explanation/explanation.schema.ts'
import { limits } from '../limits.ts'
import { textOf, type WhatIfField } from '../questions/what-if-fields.ts'
import { contributionBlocks } from './explanation.ts'
import { figure } from './figure.ts'
import { type Block, clip, context, lines, named, plain, section, type View } from './text.ts'
import { modalView } from './view.ts'

export const whatIfId = 'why_what_if'
const longestId = 200
const maxMoved = 5

/** The id of a field: names of features can be longer than ids. */
export const fieldId = (feature: string): string => clip(feature, longestId)

/** Fields with the values of the applicant, and above them the result for changed values. */
export function whatIfView(
	question: string,
	explanation: Explanation,
	fields: readonly WhatIfField[],
	result?: { answer: WhatIf; typed: Readonly<Record<string, string>> },
): View {
	const about = `${named(explanation.predictionId)} in ${named(explanation.model)}, version ${named(explanation.version)}. This is not logged as a prediction.`
	const note = context(
		'An empty field is a missing value. Features that never change, such as sensitive attributes, are not listed.',
	)
	const inputs = fields.map((field) => input(field, result?.typed[fieldId(field.feature)]))
	return modalView({
		id: whatIfId,
		value: question,
		title: 'What if',
		submit: 'Ask the model',
		blocks: [context(about), ...(result ? answerBlocks(result.answer) : []), ...inputs, note],
	})
}

function input(field: WhatIfField, typed: string | undefined): Block {
	const id = fieldId(field.feature)
	const value = typed ?? textOf(field.value)
	return {
		type: 'input',
		block_id: id,
		optional: true,
		label: plain(field.feature, limits.inputLabel),
		element: selectOf(field, id, value) ?? {
			type: 'plain_text_input',
			action_id: id,
			...(value === '' ? {} : { initial_value: value.slice(0, limits.inputText) }),
		},
	}
}

/** A select menu, if the values are known, short and not too many. */
function selectOf(field: WhatIfField, id: string, value: string): Record<string, unknown> | undefined {
	const known =
		field.type === 'boolean' ? ['true', 'false'] : field.type === 'categorical' ? (field.values ?? []) : []
	const values = [...new Set(value === '' ? known : [...known, value])]
	const fits = (v: string) => v.trim() !== '' && v.length <= limits.optionText
	if (known.length === 0 || values.length > limits.options || !values.every(fits)) return undefined
	const option = (v: string) => ({ text: plain(v, limits.optionText), value: v })
	return {
		type: 'static_select',
		action_id: id,
		options: values.map(option),
		...(value === '' ? {} : { initial_option: option(value) }),
	}
}

const scoreText = (score: number | null): string => (score === null ? 'unknown' : figure(score))

function answerBlocks(answer: WhatIf): Block[] {
	const { score, decision, difference, replay, contributions } = answer
	const before = score === null ? null : score - difference.score
	const decided = decision === null ? '' : `, decision *${named(decision)}*`
	const moved = [...difference.contributions]
		.filter((c) => c.contribution !== 0)
		.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
		.slice(0, maxMoved)
		.map((c) => `• ${named(c.feature)} ${c.contribution > 0 ? '+' : ''}${figure(c.contribution)}`)
	const warning =
		replay.status === 'mismatched'
			? [
					section(
						':red_circle: The registered model does not give the logged score. These results are from the registered model.',
					),
				]
			: []
	const ordered = [...contributions].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
	return [
		...warning,
		section(`Score *${scoreText(score)}*${decided}. Without changes, the model gives ${scoreText(before)}.`),
		...(moved.length > 0 ? [section(lines(['*Changed contributions*', ...moved]))] : []),
		...contributionBlocks({ ...answer, contributions: ordered }, 'Contributions of the changed applicant')
			.blocks,
		{ type: 'divider' },
	]
}
