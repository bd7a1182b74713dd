import type { Actor } from '../../src/core/actor.ts'
import { NoticeSettings } from '../../src/evidence/notices/notices.schema.ts'
import { putNotices } from '../../src/evidence/notices/notices.ts'
import type { ReportContent, ReportSubject, ReportTemplate } from '../../src/evidence/reports/template.ts'
import { actorOf, admin } from './actors.ts'
import type { TestServer } from './server.ts'

/** Everything that notices and letters can say. */
export const fullNotices = {
	laws: ['ecoa-adverse-action'],
	creditor: { name: 'First Bank', address: '1 Main Street, Springfield' },
	agency: { name: 'Consumer Financial Protection Bureau', address: '1700 G Street NW, Washington, DC 20552' },
	actionTaken: 'We declined your application for a credit card.',
	consumerReports: [{ name: 'Bureau One', address: '2 Side Street, Springfield', phone: '800 555 0100' }],
	score: { provider: 'First Bank' },
	procedure: 'A program estimates how likely it is that a credit card is paid late.',
	role: 'decides',
	contact: 'Write to review@bank.example.',
	corrections: 'Write to data@bank.example and name what is wrong.',
	dataSources: ['Your application'],
	developer: 'First Bank, Credit Risk',
}

export const setNotices = (server: TestServer, model: string, settings: object = fullNotices) =>
	putNotices(server.context, admin, model, NoticeSettings.parse(settings))

/** Builds a report as of now. */
export const build = (
	server: TestServer,
	template: ReportTemplate,
	subject: ReportSubject,
	actor: Actor = actorOf('auditor'),
): Promise<ReportContent> => {
	const at = server.context.now()
	return template.build(server.context, actor, subject, { size: Number.MAX_SAFE_INTEGER, root: '', at })
}

export const sectionOf = (content: ReportContent, id: string) => {
	const found = content.sections.find((s) => s.id === id)
	if (!found) throw new Error(`There is no section ${id}.`)
	return found
}
export const rowsOf = (content: ReportContent, section: string, table = section) =>
	sectionOf(content, section).tables.find((t) => t.id === table)?.rows

export const incompleteOf = (content: ReportContent): string[] =>
	content.sections.filter((s) => s.status === 'incomplete').map((s) => s.id)
