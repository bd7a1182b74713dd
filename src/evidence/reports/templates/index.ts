import type { ReportTemplate } from '../template.ts'

/** All templates. A new one is a file here and a line in this list. */
export const reportTemplates: readonly ReportTemplate[] = []
