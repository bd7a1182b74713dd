import type { Command } from './command.ts'

/** A command is loaded when it is called, since most need only a small part of the code. */
type Entry = { name: string; summary: string; load(): Promise<Command> }

/** In the order of the help. */
export const commands = [
	{
		name: 'serve',
		summary: 'run the service',
		load: async () => (await import('./serve.ts')).serve,
	},
	{
		name: 'demo',
		summary: 'run the service with a simulated lender',
		load: async () => (await import('./demo.ts')).demo,
	},
	{
		name: 'models',
		summary: 'register models, versions and deployments from a file (over HTTP)',
		load: async () => (await import('./models.ts')).models,
	},
	{
		name: 'baseline',
		summary: 'set the baseline of a version from a file (over HTTP)',
		load: async () => (await import('./baseline.ts')).baseline,
	},
	{
		name: 'send',
		summary: 'send predictions, features or outcomes from a file (over HTTP)',
		load: async () => (await import('./send.ts')).send,
	},
	{
		name: 'lineage',
		summary: 'trace a decision back, or data and code forward (over HTTP)',
		load: async () => (await import('./lineage.ts')).lineage,
	},
	{
		name: 'chat',
		summary: 'a terminal that speaks the words of /plumb (over HTTP)',
		load: async () => (await import('./chat.ts')).chat,
	},
	{
		name: 'requests',
		summary: 'list what people vote on (over HTTP)',
		load: async () => (await import('./requests.ts')).requests,
	},
	{
		name: 'approve',
		summary: 'vote for a request (over HTTP)',
		load: async () => (await import('./requests.ts')).approve,
	},
	{
		name: 'reject',
		summary: 'vote against a request, which ends it (over HTTP)',
		load: async () => (await import('./requests.ts')).reject,
	},
	{
		name: 'access',
		summary: 'who has which role, and when they last used it (over HTTP)',
		load: async () => (await import('./access.ts')).access,
	},
	{
		name: 'inventory',
		summary: 'list all models with owner, tier, reviews and open incidents (over HTTP)',
		load: async () => (await import('./inventory.ts')).inventory,
	},
	{
		name: 'card',
		summary: 'print the model card of a version (over HTTP)',
		load: async () => (await import('./inventory.ts')).card,
	},
	{
		name: 'audit',
		summary: 'verify, search and export the ledger; its key',
		load: async () => (await import('./audit.ts')).audit,
	},
	{
		name: 'report',
		summary: 'make or fetch a report for regulators, with its evidence (over HTTP)',
		load: async () => (await import('./reports.ts')).report,
	},
	{
		name: 'reports',
		summary: 'list reports (over HTTP)',
		load: async () => (await import('./reports.ts')).reports,
	},
	{
		name: 'erase',
		summary: 'destroy the values of a subject (over HTTP)',
		load: async () => (await import('./erase.ts')).erase,
	},
	{
		name: 'hold',
		summary: 'legal holds, under which nothing is erased (over HTTP)',
		load: async () => (await import('./erase.ts')).hold,
	},
	{
		name: 'run',
		summary: 'run a job, or everything that is due (on the database)',
		load: async () => (await import('./run.ts')).run,
	},
	{
		name: 'rules',
		summary: 'check rule files',
		load: async () => (await import('./rules.ts')).rules,
	},
	{
		name: 'evaluate',
		summary: 'performance and fairness of scores and outcomes in a file (needs no server)',
		load: async () => (await import('./evaluate.ts')).evaluate,
	},
	{
		name: 'explain',
		summary: 'explain a prediction (over HTTP), or rows with a model file (needs no server)',
		load: async () => (await import('./explain.ts')).explain,
	},
	{
		name: 'keys',
		summary: 'create, list and revoke keys (on the database)',
		load: async () => (await import('./keys.ts')).keys,
	},
	{
		name: 'slack',
		summary: 'print the Slack app manifest; give Slack users roles',
		load: async () => (await import('./slack.ts')).slack,
	},
	{
		name: 'migrate',
		summary: 'migrate the database',
		load: async () => (await import('./migrate.ts')).migrate,
	},
	{
		name: 'backup',
		summary: 'back up the database, also while serving',
		load: async () => (await import('./backup.ts')).backup,
	},
	{
		name: 'restore',
		summary: 'restore a backup of the database',
		load: async () => (await import('./backup.ts')).restore,
	},
] satisfies Entry[]
