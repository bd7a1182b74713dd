import aiAct86 from '../../evidence/reports/law/ai-act-86.yaml'
import ccd2 from '../../evidence/reports/law/ccd2.yaml'
import colorado from '../../evidence/reports/law/colorado.yaml'
import ecoa from '../../evidence/reports/law/ecoa.yaml'
import gdpr from '../../evidence/reports/law/gdpr.yaml'
import type { RuleText } from '../../rules/read-file.ts'

// A worker has no file system: every law table is imported here, and a changed one needs a deployment.

export const workerLaw: readonly RuleText[] = [
	{ name: 'ai-act-86.yaml', text: aiAct86 },
	{ name: 'ccd2.yaml', text: ccd2 },
	{ name: 'colorado.yaml', text: colorado },
	{ name: 'ecoa.yaml', text: ecoa },
	{ name: 'gdpr.yaml', text: gdpr },
]
