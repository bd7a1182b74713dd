import type { IncidentChange } from '../../db/schema.ts'
import { parseKey } from '../../rules/facts.ts'
import type { AlertRow } from '../alert/alert-working-set.ts'
import { causeOf, isInput } from './causes.ts'

const source = (feature: string, task: string): string => `Ask who sends ${feature} ${task}`

/** By the kind of what changed of a feature. */
const ofChange: Record<string, (feature: string) => string> = {
	unit: (f) =>
		source(f, 'whether its unit has changed, and have it turned back; else retrain on the new one.'),
	missing: (f) => source(f, 'why it is not filled: a join or a source that fails is the usual cause.'),
	'new-category': (f) => source(f, 'what the new category means: map it to a known one, or retrain with it.'),
	type: (f) =>
		`Compare what the client sends as ${f} with the declared type: the model does not see such values.`,
	truncation: (f) => source(f, 'where its values are cut off.'),
	constant: (f) =>
		source(f, 'why it does not change any more: a default value in place of a lookup is the usual cause.'),
	spike: (f) => source(f, 'whether this value stands for "unknown": send null instead.'),
	shift: (f) =>
		source(f, 'whether other people come, or the data is made otherwise; then check the outcomes.'),
}

/** By what the alerts are about, where no feature explains it. */
const ofCause: Record<string, string> = {
	data: 'Ask who sends the feature what has changed at its source.',
	missing: 'Ask who sends the feature why it is not filled.',
	category: 'Ask who sends the feature what the new categories mean.',
	type: 'Compare what the client sends with the declared types.',
	score:
		'No feature that drifts explains it: check which artefact serves, and what is sent apart from the declared features.',
	attribution: 'Check whether another artefact serves than the one that is registered.',
	replay:
		'Register what serves, or roll back to what is registered. Until then no explanation of these decisions can be given.',
	performance:
		'Look at `/plumb performance`: which windows, and whether outcomes are complete; then retrain or roll back.',
	estimated: 'Outcomes are not known yet: hasten some of them, and look at what else changed.',
	concept: 'Look at `/plumb performance`: whether errors rose in all segments; then retrain.',
	fairness: 'Look at `/plumb bias`: which groups, and since when; then decide with compliance.',
	feed: 'Check the client and the network between it and Plumbline.',
	'no-data': 'Check whether the feature, the outcomes or the traffic is still sent.',
	job: 'Look at the log of the service, and whether it is ready.',
	service: 'Look at the service that answers for the model.',
	rejected: 'Look at `rejected` in the answers to the sender: each entry names its row and why.',
	traffic: 'Deploy the version, or stop what serves it.',
	baseline: 'Put a baseline for the version.',
}

/** What to do next, in a sentence, by the most telling change. */
export function nextStep(alerts: readonly AlertRow[], changes: readonly IncidentChange[]): string {
	const [first] = changes
	const known = first?.feature && !first.feature.startsWith('$') ? ofChange[first.kind] : undefined
	if (known && first?.feature) return known(first.feature)
	const lead =
		alerts.find((a) => a.status === 'firing' && isInput(a)) ??
		alerts.find((a) => a.status === 'firing') ??
		alerts[0]
	if (!lead) return ''
	const { feature } = parseKey(lead.subjectKey)
	const cause = causeOf(lead)
	return (
		(feature ? ofCause[cause]?.replace('the feature', feature) : ofCause[cause]) ??
		'Look at what was deployed or changed at that time.'
	)
}
