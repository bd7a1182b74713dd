import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { slackManifest } from '../../src/slack/manifest.ts'

describe('the manifest', () => {
	it('is YAML that points Slack at this service and requests only scopes that are used', () => {
		const manifest = parse(slackManifest('https://plumbline.example.com/'))
		const [command] = manifest.features.slash_commands
		expect([command.command, command.url]).toEqual(['/plumb', 'https://plumbline.example.com/slack/events'])
		expect(manifest.settings.interactivity.request_url).toBe(command.url)
		expect(manifest.oauth_config.scopes.bot.sort()).toEqual([
			'app_mentions:read',
			'channels:history',
			'channels:read',
			'chat:write',
			'commands',
			'files:write',
			'groups:history',
			'groups:read',
			'im:history',
			'im:write',
			'usergroups:read',
			'users:read',
			'users:read.email',
		])
		expect(manifest.display_information.name.length).toBeLessThanOrEqual(35)
	})
})
