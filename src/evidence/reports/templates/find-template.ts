import { AppError } from '../../../core/errors.ts'
import { nearest } from '../../../core/nearest.ts'
import type { ReportTemplate } from '../template.ts'

/** A template by its id. Throws `invalid` with the nearest. */
export function findTemplate(templates: readonly ReportTemplate[], id: string): ReportTemplate {
	const found = templates.find((template) => template.id === id)
	if (found) return found
	const ids = templates.map((template) => template.id)
	const near = nearest(id, ids)
	const next = near === undefined ? `There are ${ids.join(', ')}.` : `Did you mean ${JSON.stringify(near)}?`
	const message = `There is no template ${JSON.stringify(id.slice(0, 100))}. ${next}`
	throw new AppError('invalid', message, { faults: [{ path: 'template', message }] })
}
