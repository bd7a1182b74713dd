import aiAct from '../../evidence/reports/law/ai-act.yaml'
import aiAct86 from '../../evidence/reports/law/ai-act-86.yaml'
import ccd2 from '../../evidence/reports/law/ccd2.yaml'
import colorado from '../../evidence/reports/law/colorado.yaml'
import ecoa from '../../evidence/reports/law/ecoa.yaml'
import fourFifths from '../../evidence/reports/law/four-fifths.yaml'
import gdpr from '../../evidence/reports/law/gdpr.yaml'
import nycLl144 from '../../evidence/reports/law/nyc-ll144.yaml'
import sr262 from '../../evidence/reports/law/sr-26-2.yaml'
import type { RuleText } from '../../rules/read-file.ts'

// A worker has no file system: every law table is imported here, and a changed one needs a deployment.

export const workerLaw: readonly RuleText[] = [
	{ name: 'ai-act.yaml', text: aiAct },
	{ name: 'ai-act-86.yaml', text: aiAct86 },
	{ name: 'ccd2.yaml', text: ccd2 },
	{ name: 'colorado.yaml', text: colorado },
	{ name: 'ecoa.yaml', text: ecoa },
	{ name: 'four-fifths.yaml', text: fourFifths },
	{ name: 'gdpr.yaml', text: gdpr },
	{ name: 'nyc-ll144.yaml', text: nycLl144 },
	{ name: 'sr-26-2.yaml', text: sr262 },
]
