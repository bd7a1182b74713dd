import type { Command } from './command.ts'

/** A command is loaded when it is called: most need little of what the service needs. */
type Entry = { name: string; summary: string; load(): Promise<Command> }

/** In the order in which the help lists them. */
export const commands = [
	{
		name: 'serve',
		summary: 'run the service',
		load: async () => (await import('./serve.ts')).serve,
	},
	{
		name: 'demo',
		summary: 'run a simulated lender and see what happens',
		load: async () => (await import('./demo.ts')).demo,
	},
	{
		name: 'models',
		summary: 'register models, versions and deployments from a file (over HTTP)',
		load: async () => (await import('./models.ts')).models,
	},
	{
		name: 'baseline',
		summary: 'set what a version is compared with, from a file (over HTTP)',
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
		summary: 'performance and fairness of the scores and outcomes in a file (needs no server)',
		load: async () => (await import('./evaluate.ts')).evaluate,
	},
	{
		name: 'explain',
		summary:
			'why a score was given: of a prediction (over HTTP), or of rows and a model file (needs no server)',
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
		summary: 'bring the database up to date',
		load: async () => (await import('./migrate.ts')).migrate,
	},
	{
		name: 'backup',
		summary: 'copy the database consistently, also while serving',
		load: async () => (await import('./backup.ts')).backup,
	},
	{
		name: 'restore',
		summary: 'put a copy in the place of a lost database',
		load: async () => (await import('./backup.ts')).restore,
	},
] satisfies Entry[]
