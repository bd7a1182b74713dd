import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Context } from '../../context.ts'
import type { ChangeSet } from '../../db/changes.ts'
import { reports, requestVotes } from '../../db/schema.ts'
import type { Acted, Action, ExecutorCall, ExecutorKinds, TargetState } from '../../ports/executors.ts'
import { reportEntry } from './create-report.ts'
import type { ReportDocument } from './document.ts'
import { assemble, documentPath, fileChanges, isKept, listPaths, readFile, removeFiles } from './files.ts'
import type { ReportRow } from './report-record.ts'

/** What carries an approved request of kind `report` out: the report becomes approved, with its approvers, and is signed. */
export const reportKinds = (context: Context): ExecutorKinds<ChangeSet> => ({
	report: {
		name: 'report',
		settings: z.strictObject({}),
		open: () => ({
			name: 'report',
			isLocal: true,
			plan: ({ to }) => ({ executor: 'report', calls: [`sign the report ${to}`] }),
			read: async ({ action }) => ({ ok: true, value: await readState(context, action) }),
			act: (call) => sign(context, call),
		}),
	},
})

async function find({ db }: Context, { to }: Action): Promise<ReportRow | undefined> {
	const [row] = await db
		.select()
		.from(reports)
		.where(eq(reports.id, String(to)))
	return row?.erasedAt === null ? row : undefined
}

async function readState(context: Context, action: Action): Promise<TargetState> {
	const row = await find(context, action)
	if (!row) return { version: null, detail: `there is no report ${action.to}` }
	return row.status === 'approved'
		? { version: row.id, detail: `the report ${row.id} is approved` }
		: { version: null, detail: `the report ${row.id} is a draft` }
}

async function sign(context: Context, { action, idempotencyKey }: ExecutorCall): Promise<Acted<ChangeSet>> {
	const row = await find(context, action)
	if (row?.status !== 'draft' || row.manifest !== action.report)
		return { status: 'refused', detail: `The report ${action.to} is not the draft that was approved.` }
	const approvers = await approversOf(context, idempotencyKey)
	const stored = await readFile(context, row.id, documentPath)
	const draft = JSON.parse(new TextDecoder().decode(stored)) as ReportDocument
	const kept = new Map<string, Uint8Array>()
	for (const path of (await listPaths(context, row.id)).filter(isKept))
		kept.set(path, (await readFile(context, row.id, path)) as Uint8Array)
	const { files, manifest, digests } = await assemble(
		context,
		{ ...draft, status: 'approved', approvers },
		kept,
	)
	const set = { status: 'approved' as const, approvers, manifest, digests, approvedAt: context.now() }
	const isDraft = and(eq(reports.id, row.id), eq(reports.status, 'draft'), eq(reports.manifest, row.manifest))
	for (const path of kept.keys()) files.delete(path)
	const entry = {
		...reportEntry('sign-report', { ...row, manifest }),
		before: row.manifest,
		why: `request:${idempotencyKey}`,
	}
	return {
		status: 'done',
		detail: `The report ${row.id} is approved and signed.`,
		changes: {
			changes: [
				{ query: context.db.update(reports).set(set).where(isDraft), guarded: true },
				removeFiles(context, row.id, [...kept.keys()]),
				...fileChanges(context, row.id, files),
			],
			entries: [entry],
		},
	}
}

async function approversOf({ db }: Context, request: string): Promise<string[]> {
	const votes = await db
		.select({ person: requestVotes.person })
		.from(requestVotes)
		.where(and(eq(requestVotes.request, request), eq(requestVotes.vote, 'approve')))
	return [...new Set(votes.map(({ person }) => person))].sort()
}
