import type { Entities, Names } from './entities.ts'
import type { Intent } from './vocabulary.ts'

const templates = new Map(
	Object.entries({
		'adverse-action': 'adverse adverse-action letter notice',
		bias: 'bias fairness fair discrimination bias-audit',
		performance: 'performance accuracy',
		drift: 'drift',
		metrics: 'metrics metric',
		monitoring: 'monitoring model-monitoring monthly weekly quarterly',
		explanation: 'explanation why',
	}).flatMap(([name, all]) => all.split(' ').map((word) => [word, name] as const)),
)

const topics: readonly (readonly [topic: string, words: RegExp])[] = [
	['approvals', /^(approved|approve|approves|approval|approvals|voted|votes|rejected|signed)$/],
	['rollback', /^(rollback|rollbacks|rolled|rolling|reverted|revert|reverting)$/],
	['promotion', /^(promoted|promotion|promotions|promote|promoting)$/],
	['retraining', /^(retrained|retraining|retrain|re-trained)$/],
	['deployments', /^(deployed|deployment|deployments|deploy|released|shipped)$/],
	['silences', /^(silenced|silence|silences|muted|snoozed|mute)$/],
	['incidents', /^(acknowledged|resolved|closed)$/],
	['access', /^(access|permissions|roles|keys)$/],
]

/** The words after the name of a command. */
export function argumentsOf(
	intent: Intent,
	words: readonly string[],
	entities: Entities,
	{ models }: Names,
): string[] {
	const { version, environment, ids, since, window, metric, attribute } = entities
	// With a single model there is no other that could be meant.
	const only = models.length === 1 ? models : []
	const [model] = entities.models.length > 0 ? entities.models : only
	const named = model === undefined ? [] : model.split(' ')
	const typed = entities.models.length > 0 ? named : []
	const within = typed.length > 0 && !entities.isLoose ? ['in', ...typed] : []
	const place = environment === undefined ? [] : ['in', environment]
	const option = (value: string | undefined) => (value === undefined ? [] : [value])
	switch (intent) {
		case 'why':
			return ids[0] === undefined ? [] : [ids[0], ...within]
		case 'status':
		case 'incidents':
			return typed
		case 'drift':
			return [...named, ...option(window), ...place]
		case 'bias':
			return [...named, ...option(attribute), ...option(window), ...place]
		case 'performance':
			return [...named, ...option(metric), ...option(window), ...place]
		case 'incident':
			return option(entities.incident)
		case 'audit': {
			const subject = entities.incident ?? entities.request ?? entities.person ?? ids[0]
			const about = topics.filter(([, pattern]) => words.some((w) => pattern.test(w))).map(([topic]) => topic)
			return [
				...(subject === undefined ? typed : [subject]),
				...about,
				...(since === undefined ? [] : ['since', since]),
			]
		}
		case 'report': {
			const template = words.map((w) => templates.get(w)).find((t) => t !== undefined)
			const about = ids[0] === undefined ? named : [ids[0], ...within]
			return [...option(template), ...about, ...option(since)]
		}
		case 'requests':
		case 'approve':
		case 'reject':
			return option(entities.request)
		case 'lineage':
			return named.length > 0 && version !== undefined ? [`${named.join(' ')}@${version}`] : named
		default:
			return []
	}
}
