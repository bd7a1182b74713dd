import type { ReportDocument } from './document.ts'

/** `VERIFY.md` of a bundle: how to check it, with our program and without. */
export const verifyText = ({ title, status }: ReportDocument): string => `# ${title}

${status === 'draft' ? '**DRAFT.** Nobody has approved this report.\n' : ''}`
