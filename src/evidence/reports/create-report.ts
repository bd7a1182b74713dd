import { eq } from 'drizzle-orm'
import { draftRequest, requestChanges } from '../../approvals/request/draft-request.ts'
import type { Context } from '../../context.ts'
import { type Actor, personOf } from '../../core/actor.ts'
import { hmacSha256, toHex, utf8 } from '../../core/bytes.ts'
import { digestOf } from '../../core/canonical-json.ts'
import { AppError } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { type Change, commit, type EntryDraft } from '../../db/commit.ts'
import { reports } from '../../db/schema.ts'
import { authorise } from '../../registry/key/authorise.ts'
import { reachedModels } from '../../registry/model/find-model.ts'
import { requireKey } from '../ledger/keys.ts'
import { findCut } from './cut.ts'
import { documentOf } from './document.ts'
import { type Assembled, assemble, type Files, fileChanges } from './files.ts'
import { type LawInForce, lawsFor, legalBasisOf } from './law.ts'
import type { Report, ReportInput } from './report.schema.ts'
import { type ReportRow, toReport } from './report-record.ts'
import { checkSubject, timeOf } from './subject.ts'
import type { ReportData, ReportSubject, ReportTemplate } from './template.ts'
import { findTemplate, reportTemplates } from './templates/index.ts'

/** Who may make reports and read them. */
export const reportRoles = ['analyst', 'auditor'] as const

type Wanted = { template: ReportTemplate; subject: ReportSubject; person: string | null; models: string[] }

/**
 * Makes a report and asks for its approval. It is computed once, and stored with what it was computed from: the same report
 * again is the stored one (`isNew` is false), whatever has been deleted since.
 */
export async function createReport(
	context: Context,
	actor: Actor,
	input: ReportInput,
	templates: readonly ReportTemplate[] = reportTemplates,
): Promise<{ report: Report; isNew: boolean }> {
	authorise(actor, reportRoles, input.model)
	const template = findTemplate(templates, input.template)
	const { subject, person } = await checkSubject(context, template, input)
	const models = subject.model === undefined ? await reachedModels(context, actor) : [subject.model]
	const wanted = { template, subject, person, models: models.sort() }
	const author = personOf(actor)
	const about = { template: template.id, version: template.version, subject, models: wanted.models, author }
	const findSame = (size: number) => findReport(context, about, size)
	const stored = input.cut && (await findSame(input.cut.size))
	if (stored) return { report: await toReport(context, stored), isNew: false }
	const cut = await findCut(context, input.cut?.size)
	const known = await findSame(cut.size)
	if (known) return { report: await toReport(context, known), isNew: false }

	const at = await timeOf(context, subject, cut)
	const laws = lawsFor(context, template.law, at)
	const content = await template.build(context, actor, subject, cut)
	const legalBasis = laws.map((law) => legalBasisOf(law, at))
	const document = documentOf({ template, legalBasis, subject, cut, author, content })
	const identity = await identityOf(about, cut.size)
	const kept = keptFiles(content.data, laws)
	if (subject.period === undefined) kept.set('salt', await saltOf(context, identity))
	const assembled = await assemble(context, document, kept)
	const row = rowOf(context, actor, { ...wanted, cut, identity, at }, assembled)
	try {
		await store(context, actor, row, assembled)
	} catch (error) {
		// Somebody has made the same at the same time.
		const other = error instanceof AppError && error.code === 'conflict' && (await findSame(cut.size))
		if (!other) throw error
		return { report: await toReport(context, other), isNew: false }
	}
	return { report: await toReport(context, row), isNew: true }
}

const identityOf = (about: object, cut: number): Promise<string> => digestOf({ ...about, cut })

async function findReport(context: Context, about: object, cut: number): Promise<ReportRow | undefined> {
	const same = eq(reports.identity, await identityOf(about, cut))
	const [row] = await context.db.select().from(reports).where(same)
	return row
}

function keptFiles(data: readonly ReportData[], laws: readonly LawInForce[]): Files {
	const bytesOf = (content: string | Uint8Array) => (typeof content === 'string' ? utf8(content) : content)
	const files: Files = new Map(data.map(({ path, content }) => [`data/${path}`, bytesOf(content)]))
	return files.set('law.yaml', utf8(lawText(laws)))
}

/**
 * The digest of the manifest stays in the ledger when the report is erased: with this secret among the files, nobody can find
 * out what they said by trying. It is the same for the same report.
 */
const saltOf = async (context: Context, identity: string): Promise<Uint8Array> =>
	utf8(toHex(await hmacSha256(Uint8Array.from(requireKey(context).macKey), utf8(`report ${identity}`))))

/** JSON of one row a line, which is YAML too. */
const lawText = (laws: readonly LawInForce[]): string =>
	laws.length === 0 ? '[]\n' : laws.map((law) => `- ${JSON.stringify(law)}\n`).join('')

function rowOf(
	context: Context,
	actor: Actor,
	{
		template,
		subject,
		person,
		models,
		cut,
		identity,
		at,
	}: Wanted & { cut: { size: number; root: string; at: number }; identity: string; at: number },
	{ manifest, digests }: Assembled,
): ReportRow {
	const now = context.now()
	return {
		id: newId('rep', now, context.random),
		identity,
		template: template.id,
		templateVersion: template.version,
		model: subject.model ?? (models[0] as string),
		models,
		periodFrom: subject.period?.from ?? null,
		periodTo: subject.period?.to ?? null,
		predictionId: subject.predictionId ?? null,
		subject: person,
		incident: subject.incident ?? null,
		decidedAt: subject.predictionId === undefined ? null : at,
		status: 'draft',
		cutSize: cut.size,
		cutRoot: cut.root,
		cutAt: cut.at,
		author: actor.id,
		authorPerson: personOf(actor),
		approvers: [],
		manifest,
		digests,
		createdAt: now,
		approvedAt: null,
		erasedAt: null,
	}
}

/** The report, its files and the request for its approval in one commit. */
async function store(context: Context, actor: Actor, row: ReportRow, { files }: Assembled): Promise<void> {
	const request = await draftRequest(context, {
		kind: 'report',
		model: row.model,
		environment: 'production',
		to: row.id,
		report: row,
		requester: actor,
		reason: `Sign the report ${row.id}, ${row.template}.`,
		evidence: {},
	})
	const asked = requestChanges(context, request)
	const changes: Change[] = [
		{ query: context.db.insert(reports).values(row).onConflictDoNothing(), guarded: true },
		...fileChanges(context, row.id, files),
		...asked.changes,
	]
	await commit(context, actor, [reportEntry('create-report', row), asked.entry], changes)
}

/** `after` is the digest of the manifest, which has the digests of all files. */
export const reportEntry = (action: 'create-report' | 'sign-report', row: ReportRow): EntryDraft => ({
	action,
	object: `report:${row.id}`,
	model: row.model,
	after: row.manifest,
	details: { template: row.template, templateVersion: row.templateVersion, cut: row.cutSize },
})
