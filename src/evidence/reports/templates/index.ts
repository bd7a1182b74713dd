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
