import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { events, shortcuts } from '../../src/slack/interactions.ts'
import { slackManifest } from '../../src/slack/manifest.ts'
import { workspaceEvents } from '../../src/slack/people/workspace-events.ts'

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
		expect(manifest.display_information.description.length).toBeLessThanOrEqual(140)
	})

	it('names each event and shortcut that is handled, and no other', () => {
		const { features, settings } = parse(slackManifest('https://plumbline.example.com/'))
		const named = settings.event_subscriptions.bot_events.map((name: string) => name.replace(/\..*/, ''))
		expect(named.sort()).toEqual([...Object.keys(events), ...Object.keys(workspaceEvents)].sort())
		const ids = features.shortcuts.map((s: { callback_id: string }) => s.callback_id)
		expect(ids).toEqual(Object.keys(shortcuts))
		expect(features.app_home).toMatchObject({ home_tab_enabled: true, messages_tab_enabled: true })
		for (const { name, description } of features.shortcuts)
			expect([name.length <= 24, description.length <= 150]).toEqual([true, true])
	})
})
