import ecoa from '../../evidence/reports/law/ecoa.yaml'
import type { RuleText } from '../../rules/read-file.ts'

// A worker has no file system: every law table is imported here, and a changed one needs a deployment.

export const workerLaw: readonly RuleText[] = [{ name: 'ecoa.yaml', text: ecoa }]
