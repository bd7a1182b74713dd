import { z } from 'zod'
import { AppError } from './core/errors.ts'

const text = z.string().min(1)
const databaseUrl = text
	.regex(/^(file:|libsql:\/\/|https?:\/\/|wss?:\/\/)/, 'must start with file:, libsql://, http:// or https://')
	.default('file:plumbline.db')

/** The environment of the service, as documented in docs/operate.md. Only the roots read it. */
export const Config = z.object({
	PLUMBLINE_DATABASE_URL: databaseUrl,
	PLUMBLINE_DATABASE_TOKEN: text.optional(),
	PLUMBLINE_PORT: z.coerce.number('must be a port, 0 to 65535').int().min(0).max(65_535).default(8787),
	PLUMBLINE_HOST: text.default('127.0.0.1'),
	PLUMBLINE_RULES: text.default('rules'),
	PLUMBLINE_LOG_URL: text.optional(),
	PLUMBLINE_LEDGER_KEY: text.optional(),
	PLUMBLINE_ADMIN_KEY: z.string().min(16, 'must have 16 characters or more').optional(),
	PLUMBLINE_PUBLIC_URL: z.url('must be a URL').optional(),
	PLUMBLINE_URL: z.url('must be a URL').default('http://127.0.0.1:8787'),
	PLUMBLINE_KEY: text.optional(),
	SLACK_BOT_TOKEN: text.startsWith('xoxb-', 'must be a bot token (xoxb-…)').optional(),
	SLACK_SIGNING_SECRET: text.optional(),
	SLACK_APP_TOKEN: text.startsWith('xapp-', 'must be an app-level token (xapp-…)').optional(),
	SLACK_API_URL: z.url('must be a URL').optional(),
	SLACK_CHANNEL: text.optional(),
})
export type Config = z.output<typeof Config>

/** Reads the environment; empty values count as absent. Throws `invalid` with one line that names the value and why. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
	const given = Object.fromEntries(Object.entries(env).filter(([, v]) => v !== undefined && v !== ''))
	const result = Config.safeParse(given)
	if (result.success) return result.data
	const issue = result.error.issues[0]
	const name = String(issue?.path[0])
	const shown = /KEY|TOKEN|SECRET/.test(name) ? '' : ` (it is "${given[name]}")`
	throw new AppError('invalid', `The environment variable ${name} is wrong: ${issue?.message}${shown}.`)
}
