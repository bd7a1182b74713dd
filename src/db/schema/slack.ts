import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Actor, Role } from '../../core/actor.ts'

export const outbox = sqliteTable('outbox', {
	id: integer().primaryKey({ autoIncrement: true }),
	key: text().notNull().unique(),
	kind: text().$type<'incident' | 'request' | 'lineage' | 'training-run'>().notNull(),
	payload: text({ mode: 'json' }).$type<Record<string, unknown>>().notNull(),
	createdAt: integer('created_at').notNull(),
	notBefore: integer('not_before').notNull(),
	attempts: integer().notNull(),
	doneAt: integer('done_at'),
	error: text(),
	/** Token of the delivery that holds the message until `claimedUntil`. */
	claim: text(),
	claimedUntil: integer('claimed_until').notNull().default(0),
	/** The key of a message that must be done first. */
	after: text(),
})

export const slackMessages = sqliteTable(
	'slack_message',
	{
		/** The id of the incident or request. */
		object: text('incident').notNull(),
		channel: text().notNull(),
		/** Slack's id of the message; null while it is unknown whether the first attempt was posted. */
		ts: text(),
		attemptedAt: integer('attempted_at').notNull(),
		/** How many timeline entries the thread has. */
		replies: integer().notNull(),
		/** Slack's id of the channel; `channel` is its name in the configuration. */
		channelId: text('channel_id'),
		/** More than `replies` while it is unknown whether a reply was posted. */
		attemptedReplies: integer('attempted_replies').notNull().default(0),
	},
	(t) => [primaryKey({ columns: [t.object, t.channel] })],
)

export const slackReplays = sqliteTable('slack_replay', {
	token: text().primaryKey(),
	seenAt: integer('seen_at').notNull(),
	/** Of an event; null while it is handled, or if the process died with it. */
	handledAt: integer('handled_at'),
	/** Of an event: what to handle if the process dies with it. */
	body: text({ mode: 'json' }).$type<Record<string, unknown>>(),
	firstSeenAt: integer('first_seen_at'),
})

export const slackUsers = sqliteTable(
	'slack_user',
	{
		team: text().notNull(),
		user: text().notNull(),
		role: text().$type<Role>().notNull(),
		models: text({ mode: 'json' }).$type<string[]>().notNull(),
		expiresAt: integer('expires_at'),
		/** Null for users of old versions, which did not store it. */
		createdAt: integer('created_at'),
		/** Who it is, if they have keys or other Slack users too. */
		owner: text(),
		/** To the hour. */
		lastUsedAt: integer('last_used_at'),
	},
	(t) => [primaryKey({ columns: [t.team, t.user] })],
)

/** The prediction that the buttons of a message are about. */
export const slackQuestions = sqliteTable('slack_question', {
	id: text().primaryKey(),
	model: text().notNull(),
	prediction: text().notNull(),
	askedAt: integer('asked_at').notNull(),
})

/** Where an answer goes. */
export type SlackPlace = { channel: string; thread?: string; isDirect: boolean }

/** Forms that were opened, for one actor each. */
export const slackForms = sqliteTable('slack_form', {
	id: text().primaryKey(),
	kind: text().$type<'review' | 'rollback' | 'ask'>().notNull(),
	actor: text().notNull(),
	/** The id of the request or incident. */
	about: text().notNull(),
	/** The digest of the action that was shown. */
	shown: text(),
	place: text({ mode: 'json' }).$type<SlackPlace>(),
	expiresAt: integer('expires_at').notNull(),
	usedAt: integer('used_at'),
})

/** A command that a button of a reply runs, for the person who got the reply. */
export const slackChoices = sqliteTable('slack_choice', {
	id: text().primaryKey(),
	actor: text().notNull(),
	command: text().notNull(),
	words: text({ mode: 'json' }).$type<string[]>().notNull(),
	offeredAt: integer('offered_at').notNull(),
})

/** Uploaded pictures that are not deleted yet. */
export const slackPictures = sqliteTable('slack_picture', {
	file: text().primaryKey(),
	uploadedAt: integer('uploaded_at').notNull(),
	/** The workspace that has it; null for that of SLACK_BOT_TOKEN. */
	team: text(),
})

/** Workspaces that installed the app, with their encrypted tokens. */
export const slackInstalls = sqliteTable('slack_install', {
	team: text().primaryKey(),
	name: text().notNull(),
	/** The organisation that the workspace belongs to; the same as `team` where the whole organisation installed the app. */
	enterprise: text(),
	botUser: text('bot_user').notNull(),
	scopes: text({ mode: 'json' }).$type<string[]>().notNull(),
	token: text().notNull(),
	installedAt: integer('installed_at').notNull(),
	installedBy: text('installed_by').notNull(),
})

/** One-time secrets of installing, as SHA-256. */
export const slackInstallSecrets = sqliteTable('slack_install_secret', {
	hash: text().primaryKey(),
	kind: text().$type<'link' | 'state'>().notNull(),
	/** SHA-256 of the cookie of the browser that a state belongs to. */
	browser: text(),
	actor: text().notNull(),
	how: text().$type<Actor['how']>().notNull(),
	expiresAt: integer('expires_at').notNull(),
})
