import { describe, expect, it } from 'vitest'
import { limitsOf, readConfig, unknownSettings } from '../src/config.ts'
import { defaultLimits } from '../src/core/limits.ts'

const messageOf = (env: Record<string, string>): string => {
	try {
		readConfig(env)
		return 'accepted'
	} catch (error) {
		return (error as Error).message
	}
}

describe('a variable that looks like a setting', () => {
	it.each([
		['PLUMBLINE_PROT', 'PLUMBLINE_PROT is not a setting and has no effect. Did you mean PLUMBLINE_PORT?'],
		[
			'PLUMBLINE_DATABSE_URL',
			'PLUMBLINE_DATABSE_URL is not a setting and has no effect. Did you mean PLUMBLINE_DATABASE_URL?',
		],
		[
			'PLUMBLINE_LIMIT_JSON_BYTE',
			'PLUMBLINE_LIMIT_JSON_BYTE is not a setting and has no effect. Did you mean PLUMBLINE_LIMIT_JSON_BYTES?',
		],
		['PLUMBLINE_WEATHER', 'PLUMBLINE_WEATHER is not a setting and has no effect.'],
		['SLACK_CHANEL', 'SLACK_CHANEL is not a setting and has no effect. Did you mean SLACK_CHANNEL?'],
	])('is named with the nearest setting: %s', (name, warning) => {
		expect(unknownSettings({ [name]: 'sécret' })).toEqual([warning])
	})

	it('is passed over when it belongs to something else', () => {
		expect(
			unknownSettings({ PLUMBLINE_PORT: '1', SLACK_WEBHOOK_URL: 'x', PATH: '/', PLUMBLINES: '' }),
		).toEqual([])
	})
})

describe('the environment', () => {
	it('needs nothing to start with', () => {
		expect(readConfig({})).toMatchObject({
			PLUMBLINE_DATABASE_URL: 'file:plumbline.db',
			PLUMBLINE_PORT: 8787,
			PLUMBLINE_HOST: '127.0.0.1',
			PLUMBLINE_URL: 'http://127.0.0.1:8787',
		})
		expect(limitsOf(readConfig({}))).toEqual(defaultLimits)
	})

	it('takes an empty value for an absent one, as compose files send it', () => {
		expect(readConfig({ SLACK_BOT_TOKEN: '', PLUMBLINE_PORT: '' }).PLUMBLINE_PORT).toBe(8787)
	})

	it.each([
		[{ PLUMBLINE_PORT: 'abc' }, 'PLUMBLINE_PORT must be a port: a number from 0 to 65535. It is "abc".'],
		[{ PLUMBLINE_PORT: '70000' }, 'PLUMBLINE_PORT must be a port: a number from 0 to 65535. It is "70000".'],
		[{ PLUMBLINE_PORT: '-1' }, 'PLUMBLINE_PORT must be a port: a number from 0 to 65535. It is "-1".'],
		[
			{ PLUMBLINE_DATABASE_URL: 'postgres://x' },
			/^PLUMBLINE_DATABASE_URL must be file:<path>.*"postgres:\/\/x"\.$/,
		],
		[{ PLUMBLINE_ADMIN_KEY: 'short' }, 'PLUMBLINE_ADMIN_KEY must have 16 characters or more.'],
		[{ PLUMBLINE_ADMIN_KEY: 'with white space in it' }, 'PLUMBLINE_ADMIN_KEY must not contain white space.'],
		[{ PLUMBLINE_URL: 'localhost:8787' }, /^PLUMBLINE_URL must be a URL/],
		[{ PLUMBLINE_LOG_LEVEL: 'loud' }, /^PLUMBLINE_LOG_LEVEL must be info, warn or error\. It is "loud"\.$/],
		[{ PLUMBLINE_LIMIT_JSON_BYTES: '1.5' }, /^PLUMBLINE_LIMIT_JSON_BYTES must be a whole number/],
		[{ SLACK_BOT_TOKEN: 'secret-of-another-kind' }, 'SLACK_BOT_TOKEN must be a bot token (xoxb-…).'],
		[{ SLACK_BOT_TOKEN: 'xoxb-1' }, /^SLACK_SIGNING_SECRET is required with SLACK_BOT_TOKEN/],
		[{ SLACK_APP_TOKEN: 'xapp-1' }, /^SLACK_BOT_TOKEN is required/],
		[{ SLACK_CLIENT_ID: '1.2', SLACK_CLIENT_SECRET: 's' }, /^PLUMBLINE_TOKEN_KEY is required to let other/],
		[{ SLACK_CLIENT_ID: '1.2', PLUMBLINE_TOKEN_KEY: 'k' }, /^SLACK_CLIENT_SECRET is required to let other/],
		[{ PLUMBLINE_MLFLOW_URL: 'mlflow:5000' }, /^PLUMBLINE_MLFLOW_URL must be a URL/],
		[{ PLUMBLINE_MLFLOW_TOKEN: 't' }, /^PLUMBLINE_MLFLOW_URL is required/],
		[
			{ PLUMBLINE_MLFLOW_URL: 'http://m', PLUMBLINE_MLFLOW_TOKEN: 't', PLUMBLINE_MLFLOW_USERNAME: 'u' },
			/^PLUMBLINE_MLFLOW_TOKEN cannot be combined with PLUMBLINE_MLFLOW_USERNAME/,
		],
		[{ PLUMBLINE_OPENLINEAGE_API_KEY: 'k' }, /^PLUMBLINE_OPENLINEAGE_URL is required/],
	])('is refused with one line that says which value and why: %o', (env, message) => {
		const said = messageOf(env as unknown as Record<string, string>)
		expect(said).toMatch(message)
		expect(said.split('\n')).toHaveLength(1)
	})

	it('never shows a secret', () => {
		expect(messageOf({ PLUMBLINE_ADMIN_KEY: 'short' })).not.toContain('short"')
		expect(messageOf({ SLACK_BOT_TOKEN: 'secret' })).not.toContain('secret')
	})

	it('is reported with all faults at once, one line for each setting', () => {
		const said = messageOf({
			PLUMBLINE_PORT: 'abc',
			PLUMBLINE_ADMIN_KEY: 'short',
			PLUMBLINE_DATABASE_URL: 'postgres://me:hidden@x?password=hidden',
			SLACK_APP_TOKEN: 'xapp-1',
			AWS_ACCESS_KEY_ID: 'AKIA',
		})
		expect(said.split('\n').map((line) => line.split(' ')[0])).toEqual(
			expect.arrayContaining([
				'PLUMBLINE_PORT',
				'PLUMBLINE_ADMIN_KEY',
				'PLUMBLINE_DATABASE_URL',
				'SLACK_BOT_TOKEN',
				'AWS_SECRET_ACCESS_KEY',
			]),
		)
		expect(said.split('\n')).toHaveLength(5)
		expect(said).not.toMatch(/hidden|"short"|AKIA/)
	})

	it('takes metrics for Prometheus by comma', () => {
		expect(
			readConfig({ PLUMBLINE_PROMETHEUS_METRICS: 'drift.psi, performance.roc_auc,' })
				.PLUMBLINE_PROMETHEUS_METRICS,
		).toEqual(['drift.psi', 'performance.roc_auc'])
	})

	it('sets limits by name', () => {
		expect(limitsOf(readConfig({ PLUMBLINE_LIMIT_FEATURES_PER_ROW: '10' }))).toEqual({
			...defaultLimits,
			featuresPerRow: 10,
		})
	})
})
