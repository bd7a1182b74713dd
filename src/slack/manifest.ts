import { stringify } from 'yaml'

/**
 * Post and edit messages, receive commands, mentions and direct messages, find our own messages by the name of a channel,
 * manage our pictures, and look up who somebody is and in which user groups.
 */
export const botScopes = [
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
]

const botEvents = [
	'app_home_opened',
	'app_mention',
	'app_uninstalled',
	'message.im',
	'tokens_revoked',
	'user_change',
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
			description: 'Ask about machine-learning models, and approve changes to them',
			background_color: '#1f2a37',
		},
		features: {
			app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
			bot_user: { display_name: 'Plumbline', always_online: true },
			shortcuts: [
				{
					name: 'Ask Plumbline',
					type: 'message',
					callback_id: 'plumb_ask',
					description: 'Answer this message in its thread',
				},
				{
					name: 'Ask Plumbline',
					type: 'global',
					callback_id: 'plumb_ask_anywhere',
					description: 'Ask about models, incidents and decisions',
				},
			],
			slash_commands: [
				{
					command: '/plumb',
					...(events ? { url: events } : {}),
					description: 'Ask about models, and request changes',
					usage_hint:
						'help | why <prediction> | status [model] | drift <model> | rollback <model> because <reason> | … or plain words',
					should_escape: false,
				},
			],
		},
		oauth_config: {
			...(url === undefined ? {} : { redirect_urls: [`${url.replace(/\/+$/, '')}/slack/oauth`] }),
			scopes: { bot: botScopes },
		},
		settings: {
			event_subscriptions: { ...(events ? { request_url: events } : {}), bot_events: botEvents },
			interactivity: { is_enabled: true, ...(events ? { request_url: events } : {}) },
			org_deploy_enabled: false,
			socket_mode_enabled: events === undefined,
			token_rotation_enabled: false,
		},
	})
}
