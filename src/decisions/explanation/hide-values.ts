import type { Answered } from './explanation.schema.ts'

const beforeColon = (reason: string | null): string | null => reason?.split(':', 1)[0] ?? null

const noteText = {
	'unseen-category': 'a category that the model was not trained on; it counts as missing',
	missing: 'was not logged',
	'out-of-range': 'is outside the range that the model was trained on',
} as const

/**
 * The answer for those who may not see feature values: contributions and reasons stay, values, ranks and everything that
 * could quote a value go.
 */
export function hideValues(answer: Answered): Answered {
	const { replay } = answer
	const told =
		replay.status === 'mismatched'
			? `the logged score is ${replay.logged}, and the registered artefact answers ${replay.replayed}`
			: replay.status === 'unavailable'
				? beforeColon(replay.reason)
				: replay.reason
	// Other parts quote why it did not replay.
	const quoting = <S extends { reason: string | null }>(part: S): S =>
		replay.reason === null || part.reason === null
			? part
			: { ...part, reason: part.reason.replace(replay.reason, () => told ?? '') }
	return {
		...answer,
		replay: { ...replay, reason: told },
		explanation: quoting(answer.explanation),
		reasonsStatus: quoting(answer.reasonsStatus),
		contributions: answer.contributions.map(({ value: _, percentile: __, share: ___, ...rest }) => rest),
		notes: answer.notes.map(({ feature, code }) => ({ feature, code, message: noteText[code] })),
		counterfactuals: [],
		counterfactualsStatus:
			answer.counterfactuals.length > 0
				? {
						status: 'hidden',
						reason: 'What would have changed the decision names feature values: that takes the role analyst.',
					}
				: quoting(answer.counterfactualsStatus),
	}
}
