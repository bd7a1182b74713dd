import { AppError } from '../../../core/errors.ts'
import { nearest } from '../../../core/nearest.ts'
import type { ReportTemplate } from '../template.ts'
import { accessExport } from './access-export.ts'
import { adverseAction } from './adverse-action.ts'
import { automatedDecision } from './automated-decision.ts'
import { biasAudit } from './bias-audit.ts'
import { explanationLetter } from './explanation-letter.ts'
import { modelMonitoring } from './model-monitoring.ts'
import { postMarket } from './post-market.ts'
import { seriousIncident } from './serious-incident.ts'

/** All templates. A new one is a file here and a line in this list. */
export const reportTemplates: readonly ReportTemplate[] = [
	adverseAction,
	explanationLetter,
	automatedDecision,
	accessExport,
	modelMonitoring,
	biasAudit,
	postMarket,
	seriousIncident,
]

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
