import { stringify } from 'yaml'

/** Post and edit; be asked; find our own messages again, by a channel's name; upload and delete our own pictures. */
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
 * The manifest that creates the Slack app in one paste, asking for no more than is used. `url` is where Slack reaches
 * this service; without one the app is connected by Socket Mode.
 */
export function slackManifest(url: string | undefined): string {
	const events = url === undefined ? undefined : `${url.replace(/\/+$/, '')}/slack/events`
	return stringify({
		display_information: {
			name: 'Plumbline',
			description: 'Incidents of machine-learning models, and what is behind them',
			background_color: '#1f2a37',
		},
		features: {
			bot_user: { display_name: 'Plumbline', always_online: true },
			slash_commands: [
				{
					command: '/plumb',
					...(events ? { url: events } : {}),
					description: 'Models, how they do, and incidents',
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
