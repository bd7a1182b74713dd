import { comparable } from '../compare.ts'
import type { ColumnMetric } from '../descriptor.ts'
import { insufficient, measured } from '../metric-point.ts'

const method = 'Wasserstein-1 on the grid over the baseline standard deviation (ddof 0)'

export const wasserstein = {
	id: 'drift.wasserstein',
	about: 'Wasserstein-1 distance: how far values moved on average, in standard deviations of the baseline.',
	unit: 'reference standard deviations',
	subject: 'feature',
	measure: (view) => {
		const { reference, result } = view
		const missing = comparable(view, method, true)
		if (missing) return missing
		if (reference.bins.kind === 'categorical')
			return insufficient(method, 'categories have no distances; see drift.tvd')
		if (!Number.isFinite(result.wasserstein))
			return {
				...insufficient(
					method,
					'the standard deviation of the baseline is no number: put the baseline again',
				),
				status: 'failed',
			}
		const flat = reference.bins.kind === 'numeric' && reference.bins.moments?.sd === 0
		return measured(
			result.wasserstein,
			flat ? `${method}, in units of the feature, since the baseline is constant` : method,
		)
	},
} satisfies ColumnMetric
