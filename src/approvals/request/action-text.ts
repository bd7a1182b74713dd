import type { Action, Canary } from '../../ports/executors.ts'

/** What an action does, as a phrase: `roll back credit-risk in production from 8 to 7; no canary`. */
export function actionText(action: Action): string {
	const { kind, model, environment, from, to, canary } = action
	const where = `${model} in ${environment}`
	const change = from === to ? `to ${to}` : `from ${from} to ${to}`
	const traffic = canary === undefined ? '' : `; ${canaryText(canary)}`
	switch (kind) {
		case 'rollback':
			return `roll back ${where} ${change}${traffic}`
		case 'promotion':
			return `promote ${where} ${change}${traffic}`
		case 'canary':
			return `change the canary of ${where}${traffic}`
		case 'deployment':
			return from === to ? `deploy ${where}${traffic}` : `deploy ${where} ${change}${traffic}`
		case 'retraining':
			return `retrain ${where}${from === undefined ? '' : `, now ${from}`}`
		case 'risk-tier':
			return `change the risk tier of ${model} from ${from ?? 'none'} to ${to ?? 'none'}`
		case 'reason-table':
			return `bring reason table ${to} of ${model} into force`
		case 'report':
			return `sign report ${to}, ${action.template} of ${model}${action.period === undefined ? '' : `, ${action.period}`}`
		case 'silence':
			return `silence alerts of ${model}`
		default:
			return `${kind} of ${where}`
	}
}

const canaryText = (canary: Canary | null): string =>
	canary === null ? 'no canary' : `${canary.percent}% of the traffic to ${canary.version}`
