import type { ReportDocument } from '../document.ts'
import type { Cell, ReportSection, ReportTable } from '../template.ts'

/** What each report opens with, as every format shows it. */
export type FrontMatter = {
	title: string
	/** Why the report is not final; undefined once it is approved. */
	draft: string | undefined
	facts: [name: string, value: string][]
	tables: ReportTable[]
}

const none = 'none'

export const confirmText = 'Counsel must confirm: this text is from a secondary source.'

const subjectNames = { predictionId: 'Prediction', subject: 'Person', incident: 'Incident' } as const

const subjectFacts = ({ subject }: ReportDocument): [string, string][] =>
	Object.entries(subjectNames).flatMap(([member, name]): [string, string][] => {
		const value = subject[member as keyof typeof subjectNames]
		return value === undefined ? [] : [[name, value]]
	})

export function frontMatter(report: ReportDocument): FrontMatter {
	const { model, period, cut, approvers, rows } = report
	const isDraft = report.status === 'draft'
	return {
		title: model ? `${report.title}: ${model.model}` : report.title,
		draft: isDraft ? 'Draft: this report is not approved.' : undefined,
		facts: [
			['Template', `${report.template}, version ${report.templateVersion}`],
			['Status', report.status],
			...subjectFacts(report),
			[
				'Period',
				period ? `${timeText(period.from)} to ${timeText(period.to)}, which is not part of it` : none,
			],
			['Model', model?.model ?? none],
			['Version', model?.version ?? none],
			['SHA-256 of the artefact', model?.artifactSha256 ?? 'unknown: no artefact is registered'],
			['Ledger at the cut', `${cut.size} ${cut.size === 1 ? 'entry' : 'entries'}`],
			['Root of the ledger', cut.root],
			['Author', report.author],
			['Approvers', approvers.length === 0 ? none : approvers.join(', ')],
			...(period
				? ([['Numbers', 'long ones are rounded in HTML and PDF; JSON and CSV have all digits']] as [
						string,
						string,
					][])
				: []),
		],
		tables: [
			{
				id: 'legal-basis',
				title: 'Legal basis',
				columns: ['Rule', 'Article', 'In force from', 'Source', 'Note'],
				rows: report.legalBasis.map((l) => [
					l.rule,
					l.article,
					l.inForceFrom,
					l.source,
					l.confirm ? confirmText : '',
				]),
			},
			{
				id: 'rows',
				title: 'Rows of the report',
				columns: ['Rows', 'Count'],
				rows: [
					['included', rows.included],
					...rows.excluded.map((e): Cell[] => [`excluded: ${e.reason}`, e.rows]),
				],
			},
		],
	}
}

export const incompleteText = 'Incomplete: something that this section must hold is missing.'

/** The paragraphs of a section, without empty ones. */
export const paragraphsOf = ({ text }: ReportSection): string[] =>
	text
		.split(/\n\s*\n/)
		.map((p) => p.trim())
		.filter((p) => p !== '')

const time = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(\.\d+)?Z$/

/** A time as people read it; midnight is the day alone. Other texts stay as they are. */
export function timeText(text: string): string {
	const [, day, minute, second = ':00', fraction = ''] = time.exec(text) ?? []
	if (day === undefined) return text
	const rest = `${second}${fraction.replace(/\.?0+$/, '')}`.replace(/^:00$/, '')
	return minute === '00:00' && rest === '' ? day : `${day} ${minute}${rest} UTC`
}

/** More digits than this come of calculating: nobody measured or entered them. */
const maxDigits = 12
const shownDigits = 6

/** A number with the digits that tell something. All digits are in JSON and CSV. */
export function numberText(value: number): string {
	const text = JSON.stringify(value)
	const digits = text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '')
	if (Number.isInteger(value) || digits.length <= maxDigits) return text
	return JSON.stringify(
		Math.abs(value) < 10 ** (shownDigits - 2)
			? Number(value.toPrecision(shownDigits))
			: Number(value.toFixed(2)),
	)
}

/** What a table is called: its title, or its id in words. */
export const captionOf = ({ id, title }: Pick<ReportTable, 'id' | 'title'>): string => {
	const words = id.replaceAll('-', ' ')
	return title ?? `${words.charAt(0).toUpperCase()}${words.slice(1)}`
}

/** A cell as people read it. */
export const cellText = (cell: Cell): string =>
	cell === null
		? ''
		: typeof cell === 'string'
			? timeText(cell)
			: typeof cell === 'number'
				? numberText(cell)
				: JSON.stringify(cell)

/** Whether a column has numbers only, and at least one. */
export const isNumeric = (table: ReportTable, column: number): boolean => {
	let found = false
	for (const row of table.rows) {
		const cell = row[column] ?? null
		if (typeof cell === 'number') found = true
		else if (cell !== null && cell !== '') return false
	}
	return found
}

/** A source that can be followed. */
export const isLink = (text: string): boolean => /^https?:\/\/[^\s]+$/i.test(text)
