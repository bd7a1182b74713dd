import type { StateValue } from '../../ledger/state.ts'

// The tables whose rows the ledger commits to, besides the rows that services send. To add one, add a line here, and the
// statements of `governingSql` to a migration.

export type StateRow = Readonly<Record<string, StateValue>>
/** The row's key by column; `row` is undefined when it was deleted. */
type Changed = { key: StateRow; row: StateRow | undefined }

export type GovernedTable = {
	table: string
	key: readonly string[]
	/** Columns whose values count, besides the key. One that is added later must be null in the rows from before. */
	columns: readonly string[]
	/** Its rows never change and stay, once they are committed. */
	isFixed?: boolean
	/** What must be in the ledger when a row changes. Without it, new rows are committed as they are found. */
	explainedBy?: {
		/** An entry on one of these objects. */
		objects: (changed: Changed) => string[]
		actions: readonly string[]
		/** Whose actor is this one. */
		actor?: (row: StateRow) => StateValue | undefined
	}
}

const by = (
	actions: readonly string[],
	...objects: ((values: StateRow) => string | undefined)[]
): Required<Pick<GovernedTable, 'explainedBy'>> => ({
	explainedBy: {
		actions,
		objects: ({ key, row }) => objects.flatMap((object) => object({ ...key, ...row }) ?? []),
	},
})

const version = ({ model, version }: StateRow) => `version:${model}@${version}`
const request = ({ request }: StateRow) => (request === undefined ? undefined : `request:${request}`)
const reasonTable = ({ model, revision }: StateRow) => `reason-table:${model}/${revision}`

const requestActions = [
	...['create-request', 'vote-request', 'approve-request', 'reject-request', 'expire-request'],
	...['cancel-request', 'stale-request', 'start-execution', 'act-execution', 'verify-execution'],
	...['fail-execution', 'stale-execution', 'inconclusive-execution'],
]
const alertFacts = [
	...['rule', 'model', 'environment', 'version', 'window', 'subject_key', 'metric', 'value', 'began'],
	...['fired_from', 'fired_to', 'rules_digest', 'created_at'],
]
const incidentFacts = [
	...['model', 'environment', 'status', 'severity', 'title', 'cause', 'began', 'ended', 'opened_at'],
	...['acknowledged_at', 'acknowledged_by', 'resolved_at', 'resolved_by', 'changes', 'about'],
]
const modelSettings = [
	...['task', 'owner', 'risk_tier', 'tags', 'positive_label', 'negative_label', 'favourable', 'threshold'],
	...['sensitive', 'segments', 'upstreams', 'bands', 'maturity', 'retention_ms', 'created_at', 'revision'],
	...['purpose', 'limitations', 'validated_at', 'next_review', 'encrypt', 'delete_after'],
]
const reportFacts = [
	...['template', 'template_version', 'model', 'models', 'period_from', 'period_to', 'incident', 'status'],
	...['cut_size', 'cut_root', 'cut_at', 'author', 'author_person', 'approvers', 'manifest', 'digests'],
	...['created_at', 'approved_at'],
]
const requestFacts = [
	...['kind', 'model', 'environment', 'status', 'action', 'action_digest', 'expected_version'],
	...['expected_revision', 'requester', 'requester_person', 'reason', 'needs', 'policy', 'plan', 'incident'],
	...['evidence', 'created_at', 'expires_at', 'decided_at'],
]

export const governedTables: readonly GovernedTable[] = [
	{
		table: 'access_key',
		key: ['id'],
		columns: ['hash', 'name', 'role', 'models', 'created_at', 'expires_at', 'revoked_at', 'owner'],
		...by(['create-key', 'replace-key', 'revoke-key'], ({ id }) => `key:${id}`),
	},
	{
		table: 'slack_user',
		key: ['team', 'user'],
		columns: ['role', 'models', 'expires_at', 'created_at', 'owner'],
		...by(['map-slack-user', 'unmap-slack-user'], ({ team, user }) => `slack-user:${team}/${user}`),
	},
	{
		table: 'slack_install',
		key: ['team'],
		columns: ['name', 'enterprise', 'bot_user', 'scopes', 'installed_at', 'installed_by'],
		...by(['install-slack', 'remove-slack-install'], ({ team }) => `slack-install:${team}`),
	},
	{
		table: 'model',
		key: ['name'],
		columns: modelSettings,
		...by(['register-model', 'change-model'], ({ name }) => `model:${name}`),
	},
	{
		table: 'model_history',
		key: ['model', 'revision'],
		columns: ['since', 'settings'],
		isFixed: true,
		...by(['register-model', 'change-model'], ({ model }) => `model:${model}`),
	},
	{
		table: 'model_version',
		key: ['model', 'version'],
		columns: ['features', 'artifact', 'manifest', 'lineage', 'metrics', 'created_at'],
		isFixed: true,
		...by(['register-version'], version),
	},
	{
		table: 'version_artifact',
		key: ['model', 'version'],
		columns: ['sha256', 'format', 'bytes', 'stored_at'],
		isFixed: true,
		...by(['store-artifact'], version),
	},
	{
		table: 'baseline',
		key: ['model', 'version', 'digest'],
		columns: ['rows', 'grid', 'profile', 'tally', 'seasons', 'summary', 'created_at', 'replaced_at'],
		...by(['put-baseline'], version),
	},
	{
		table: 'baseline_sample',
		key: ['model', 'version', 'digest'],
		columns: ['rows', 'content'],
		...by(['put-baseline'], version),
	},
	{
		table: 'lineage_link',
		key: ['kind', 'value', 'model', 'version'],
		columns: ['source'],
		isFixed: true,
		...by(['register-version', 'store-artifact', 'link-training-run'], version),
	},
	{
		table: 'training_run',
		key: ['run', 'read_at'],
		columns: ['content'],
		...by(['read-training-run'], ({ run }) => `training-run:${run}`),
	},
	{
		table: 'gate_waiver',
		key: ['id'],
		columns: [
			'model',
			'version',
			'gate',
			'reason',
			'author',
			'author_person',
			'created_at',
			'until',
			'ended_at',
		],
		...by(['create-waiver', 'end-waiver'], ({ id }) => `waiver:${id}`),
	},
	{
		table: 'deployment',
		key: ['model', 'environment', 'revision'],
		columns: ['champion', 'challenger', 'canary', 'since'],
		isFixed: true,
		...by(['set-deployment'], ({ model, environment }) => `deployment:${model}/${environment}`),
	},
	{
		table: 'request',
		key: ['id'],
		columns: requestFacts,
		...by(requestActions, ({ id }) => `request:${id}`),
	},
	{
		table: 'request_vote',
		key: ['request', 'person'],
		columns: ['actor', 'vote', 'reason', 'digest', 'break_glass', 'at'],
		explainedBy: {
			objects: ({ key }) => [`request:${key.request}`],
			actions: ['vote-request'],
			actor: (row) => row.actor,
		},
	},
	{
		table: 'execution',
		key: ['request'],
		columns: ['executor', 'started_at', 'acted_at', 'finished_at', 'error'],
		...by(requestActions, request),
	},
	{
		table: 'execution_step',
		key: ['request', 'seq'],
		columns: ['at', 'step', 'ok', 'detail'],
		isFixed: true,
	},
	{
		table: 'version_freeze',
		key: ['model', 'version'],
		columns: ['request', 'frozen_at'],
		...by(['verify-execution', 'lift-freeze'], request, version),
	},
	{
		table: 'reason_table',
		key: ['model', 'revision'],
		columns: [
			...[
				'version',
				'content',
				'digest',
				'proposer',
				'proposer_person',
				'reason',
				'created_at',
				'approved_at',
			],
		],
		...by(['propose-reason-table', 'approve-reason-table'], reasonTable),
	},
	{
		table: 'reason_table_approval',
		key: ['model', 'revision', 'approver'],
		columns: ['person', 'digest', 'reason', 'at'],
		isFixed: true,
		...by(['approve-reason-table'], reasonTable),
	},
	{ table: 'rule_set', key: ['digest'], columns: ['content', 'first_used_at'], isFixed: true },
	{
		table: 'rule_use',
		key: ['at'],
		columns: ['digest'],
		...by(['use-rules'], () => 'rules'),
	},
	{
		table: 'silence',
		key: ['id'],
		columns: [
			...['rules', 'models', 'environments', 'features', 'reason', 'author', 'created_at', 'starts_at'],
			...['expires_at', 'revision'],
		],
		...by(['create-silence', 'expire-silence'], ({ id }) => `silence:${id}`),
	},
	{
		table: 'incident',
		key: ['id'],
		columns: incidentFacts,
		...by(
			[...['open', 'update', 'acknowledge', 'comment', 'resolve'].map((verb) => `${verb}-incident`)],
			({ id }) => `incident:${id}`,
		),
	},
	{
		table: 'incident_event',
		key: ['incident', 'revision', 'seq'],
		columns: ['at', 'who', 'what'],
		isFixed: true,
	},
	{
		table: 'incident_fact',
		key: ['incident', 'revision'],
		columns: ['at', 'who', 'facts'],
		isFixed: true,
		...by(['record-incident-facts'], ({ incident }) => `incident:${incident}`),
	},
	{ table: 'alert', key: ['id'], columns: alertFacts, isFixed: true },
	{
		table: 'notice_setting',
		key: ['model', 'revision'],
		columns: ['since', 'settings'],
		isFixed: true,
		...by(['set-notices'], ({ model, revision }) => `notices:${model}/${revision}`),
	},
	{
		table: 'report',
		key: ['id'],
		columns: reportFacts,
		...by(['create-report', 'sign-report'], ({ id }) => `report:${id}`),
	},
	// Without the person, whose digest would outlive them.
	{
		table: 'hold',
		key: ['id'],
		columns: ['model', 'models', 'reason', 'author', 'created_at', 'until_at', 'lifted_at'],
		...by(['create-hold', 'lift-hold'], ({ id }) => `hold:${id}`),
	},
	{
		table: 'subject_request',
		key: ['id'],
		columns: ['kind', 'model', 'received_at', 'recorded_at', 'recorded_by', 'law', 'due_day'],
		isFixed: true,
		...by(['record-subject-request'], ({ id }) => `subject-request:${id}`),
	},
	{ table: 'background', key: ['digest'], columns: ['model', 'content'], isFixed: true },
]

/** SQL of a row's key: a JSON array. `from` is `new.`, `old.` or nothing. */
export const keySql = ({ key }: GovernedTable, from = ''): string =>
	`json_array(${key.map((column) => `${from}${column}`).join(', ')})`

/** The statements that make a table a governed one, for its migration: each is one line there. */
export function governingSql(governed: GovernedTable): string[] {
	const { table, key, columns } = governed
	const touch = (...from: string[]) =>
		`INSERT INTO ledger_touched (tbl, key) VALUES ${from.map((f) => `('${table}', ${keySql(governed, f)})`).join(', ')} ON CONFLICT (tbl, key) DO UPDATE SET mark = mark + 1`
	const trigger = (name: string, event: string, ...from: string[]) =>
		`CREATE TRIGGER ledger_${table}_${name} AFTER ${event} ON ${table} BEGIN ${touch(...from)}; END`
	return [
		trigger('insert', 'INSERT', 'new.'),
		trigger('update', `UPDATE OF ${[...key, ...columns].map((c) => `"${c}"`).join(', ')}`, 'old.', 'new.'),
		trigger('delete', 'DELETE', 'old.'),
		`INSERT INTO ledger_touched (tbl, key, found) SELECT '${table}', ${keySql(governed)}, 1 FROM ${table} WHERE true ON CONFLICT DO NOTHING`,
	]
}
