import { stringify } from 'yaml'

/** What the app may do in a workspace: no more than what it uses. */
export const botScopes = ['chat:write', 'commands', 'channels:history', 'groups:history']

/** The manifest that creates the Slack app in one paste. `url` is where Slack reaches this service. */
export function slackManifest(url: string): string {
	const events = `${url.replace(/\/+$/, '')}/slack/events`
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
					url: events,
					description: 'Models and incidents',
					usage_hint: 'help | status [model] | incidents | incident <id>',
					should_escape: false,
				},
			],
		},
		oauth_config: { scopes: { bot: botScopes } },
		settings: {
			interactivity: { is_enabled: true, request_url: events },
			org_deploy_enabled: false,
			socket_mode_enabled: false,
			token_rotation_enabled: false,
		},
	})
}
