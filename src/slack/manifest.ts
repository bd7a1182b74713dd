import { stringify } from 'yaml'

/** Post and edit messages, receive commands, find our own messages by the name of a channel, and manage our pictures. */
export const botScopes = [
	'chat:write',
	'commands',
	'channels:read',
	'groups:read',
	'channels:history',
	'groups:history',
	'files:write',
]

/**
 * The manifest of the Slack app, with only the scopes that are used. `url` is where Slack reaches this service; without one
 * the app uses Socket Mode.
 */
export function slackManifest(url: string | undefined): string {
	const events = url === undefined ? undefined : `${url.replace(/\/+$/, '')}/slack/events`
	return stringify({
		display_information: {
			name: 'Plumbline',
			description: 'Incidents of machine-learning models, with their evidence',
			background_color: '#1f2a37',
		},
		features: {
			bot_user: { display_name: 'Plumbline', always_online: true },
			slash_commands: [
				{
					command: '/plumb',
					...(events ? { url: events } : {}),
					description: 'Status, performance and incidents of models',
					usage_hint:
						'help | why <prediction> | status [model] | performance <model> | bias <model> | incidents | incident <id>',
					should_escape: false,
				},
			],
		},
		oauth_config: { scopes: { bot: botScopes } },
		settings: {
			interactivity: { is_enabled: true, ...(events ? { request_url: events } : {}) },
			org_deploy_enabled: false,
			socket_mode_enabled: events === undefined,
			token_rotation_enabled: false,
		},
	})
}
