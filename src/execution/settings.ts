import { z } from 'zod'
import { type SilenceInput, silenceChange } from '../alerting/silence/silence.ts'
import type { Context } from '../context.ts'
import { formatTime, parseTime } from '../core/time.ts'
import type { ChangeSet } from '../db/changes.ts'
import { intoForce } from '../decisions/reasons/approve-table.ts'
import { findTable, newestApproved } from '../decisions/reasons/table-record.ts'
import type { Acted, Action, Executor, ExecutorCall, ExecutorKinds, TargetState } from '../ports/executors.ts'
import { findModel } from '../registry/model/find-model.ts'
import { modelChange } from '../registry/model/register-model.ts'

// What changes Plumbline itself: one executor for each such kind of action, by the name of the kind.

type Setting = {
	/** The dry run, in a line. */
	about(action: Action): string
	read?(context: Context, action: Action): Promise<TargetState>
	act(context: Context, call: ExecutorCall): Promise<Acted<ChangeSet>>
}

export const settingKinds = (context: Context): ExecutorKinds<ChangeSet> =>
	Object.fromEntries(
		Object.entries(settings).map(([name, setting]) => [
			name,
			{ name, settings: z.strictObject({}), open: () => openSetting(context, name, setting) },
		]),
	)

function openSetting(context: Context, name: string, { about, read, act }: Setting): Executor<ChangeSet> {
	return {
		name,
		isLocal: true,
		plan: (action) => ({ executor: name, calls: [about(action)] }),
		...(read
			? { read: async ({ action }) => ({ ok: true as const, value: await read(context, action) }) }
			: {}),
		act: (call) => act(context, call),
	}
}

const why = ({ idempotencyKey }: ExecutorCall): string => `request:${idempotencyKey}`

const riskTier: Setting = {
	about: ({ model, from, to }) => `set the risk tier of ${model} from ${from ?? 'none'} to ${to ?? 'none'}`,
	read: async (context, { model }) => {
		const tier = (await findModel(context, model)).riskTier
		return { version: tier, detail: `the risk tier is ${tier ?? 'none'}` }
	},
	act: async (context, call) => {
		const { model, to } = call.action
		const before = await findModel(context, model)
		const after = { ...before, riskTier: to ?? null }
		const { entry, changes } = await modelChange(context, before, after, ['riskTier'], why(call))
		const detail = `The risk tier of ${model} is ${to ?? 'none'}.`
		return { status: 'done', detail, changes: { changes, entries: [entry] } }
	},
}

const reasonTable: Setting = {
	about: ({ model, to }) => `bring the reason table ${to} of ${model} into force`,
	read: async (context, { model, to }) => {
		const row = await findTable(context, model, Number(to))
		const newest = await newestApproved(context, row)
		if (newest !== undefined && newest > row.revision)
			return { version: String(newest), detail: `the newer reason table ${newest} is in force` }
		return row.approvedAt === null
			? { version: null, detail: `the reason table ${to} is a draft` }
			: { version: String(to), detail: `the reason table ${to} is in force` }
	},
	act: async (context, call) => {
		const { model, to, table } = call.action
		const row = await findTable(context, model, Number(to))
		if (row.digest !== table)
			return { status: 'refused', detail: `The reason table ${to} is not the one that was approved.` }
		const entry = {
			action: 'approve-reason-table',
			object: `reason-table:${model}/${row.revision}`,
			model,
			why: why(call),
			after: row.digest,
		}
		const change = { ...intoForce(row, context.now(), 0), guarded: true }
		const votes = approvalsOf(row, call.idempotencyKey)
		const detail = `The reason table ${to} of ${model} is in force.`
		return { status: 'done', detail, changes: { changes: [votes, change], entries: [entry] } }
	},
}

/** The votes for the request are the approvals that the table shows. */
const approvalsOf = (
	{ model, revision, digest }: { model: string; revision: number; digest: string },
	request: string,
) => ({
	query: {
		sql: `INSERT OR IGNORE INTO reason_table_approval (model, revision, approver, person, digest, reason, at)
			SELECT ?1, ?2, actor, person, ?3, reason, at FROM request_vote WHERE request = ?4 AND vote = 'approve'`,
		params: [model, revision, digest, request],
	},
})

const silence: Setting = {
	about: ({ silence: asked }) => {
		const { rules = ['*'], expiresAt } = silenceOf(asked)
		return `silence ${rules.join(', ')} until ${formatTime(expiresAt)}`
	},
	act: async (context, call) => {
		const input = silenceOf(call.action.silence)
		if (input.expiresAt <= context.now())
			return {
				status: 'refused',
				detail: `The silence was to end at ${formatTime(input.expiresAt)}, which is over.`,
			}
		const { row, entry, changes } = silenceChange(context, why(call), input)
		const detail = `The silence ${row.id} lasts until ${formatTime(row.expiresAt)}.`
		return { status: 'done', detail, changes: { changes, entries: [entry] } }
	},
}

const Asked = z.object({
	rules: z.array(z.string()).optional(),
	models: z.array(z.string()).optional(),
	environments: z.array(z.string()).optional(),
	features: z.array(z.string()).optional(),
	reason: z.string(),
	startsAt: z.string().optional(),
	expiresAt: z.string(),
})

/** The silence of an action, whose times are RFC 3339. */
function silenceOf(asked: unknown): SilenceInput {
	const { startsAt, expiresAt, ...rest } = Asked.parse(asked)
	const times = { startsAt: startsAt && parseTime(startsAt), expiresAt: parseTime(expiresAt) }
	return { ...rest, ...times } as SilenceInput
}

const settings = { 'risk-tier': riskTier, 'reason-table': reasonTable, silence } satisfies Record<
	string,
	Setting
>
